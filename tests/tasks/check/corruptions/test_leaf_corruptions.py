"""Corrupted references lose leaves, and `task check` knows which."""

import json

import pytest

from harness.tasks.check.grading import check_task
from tests.project import Project

SCHEMA = {
    "type": "object",
    "properties": {"amount": {"type": "number"}, "who": {"type": "string"}, "tags": {}},
    "required": ["amount", "who"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("rule", ["true", "{valid: true}", "{least_paths: 0.95}"])
def test_a_task_with_shares_is_graded_soundly(tmp_path, rule):
    project = Project(tmp_path)
    output = f"{{format: json, schema: schema.json, leaf_values: {rule}}}"
    project.write("tasks/pay/task.yaml", f"description: x\nprompt: '{{t}}'\noutput: {output}\n")
    project.write("tasks/pay/schema.json", json.dumps(SCHEMA))
    reference = {"amount": 47.2, "who": "Ada Byron", "tags": []}
    case = {"id": "a", "variables": {"t": "Ada Byron paid 47.2"}, "reference": reference}
    project.write("tasks/pay/cases.jsonl", json.dumps(case) + "\n")
    grading = check_task(tmp_path / "tasks/pay")
    assert grading.is_sound, grading
