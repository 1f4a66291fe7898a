"""Cases of one task that are held to different things are each graded by their own."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from harness.tasks.check.grading import TaskGrade, check_task
from tests.project import Project

SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "who": {"type": "string"}},
    "required": ["n"],
}
VALUE = {"n": 3, "who": "Ada Byron"}
CASES: dict[str, dict[str, Any]] = {
    "plain JSON": {"reference": VALUE},
    "JSON with a schema": {"reference": VALUE, "schema": SCHEMA},
    "JSON, exact": {"reference": VALUE, "exact": ["/n"]},
    "JSON in a fence": {"reference": VALUE, "fence": "required", "leaf_values": True},
    "JSON beside a text": {"reference": VALUE, "fence": "allowed", "commentary": True},
    "a list": {"reference": [1, 2], "leaf_values": True},
    "a list without leaves": {"reference": [], "leaf_values": True},
    "YAML": {"reference": VALUE, "format": "yaml", "schema": SCHEMA},
    "YAML in a fence": {"reference": VALUE, "format": "yaml", "fence": "required"},
    "YAML, a list": {
        "reference": [1, 2],
        "format": "yaml",
        "fence": "allowed",
        "leaf_values": True,
    },
    "text": {"reference": "Ada Byron paid three.", "format": "text", "words": [2, 9]},
    "text in a fence": {"reference": "Ada paid.", "format": "text", "fence": "required"},
    "code": {"reference": "def f(x):\n    return x\n", "format": "python", "function": "name"},
}


def graded(folder: Path, *names: str) -> TaskGrade:
    project = Project(folder)
    project.write("tasks/mix/task.yaml", "description: x\nprompt: '{t}'\noutput: {format: json}\n")
    lines = [
        {
            "id": name.replace(" ", "-"),
            "variables": {"t": f"{name}: Ada Byron paid 3", "name": "f"},
            **CASES[name],
        }
        for name in names
    ]
    project.write("tasks/mix/cases.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    return check_task(folder / "tasks/mix")


@pytest.mark.parametrize("name", CASES)
def test_each_alone_is_sound(tmp_path: Path, name: str) -> None:
    grade = graded(tmp_path, name)
    assert grade.is_sound, grade.mistakes


def test_all_in_one_task_are_graded_as_each_alone(tmp_path: Path) -> None:
    grade = graded(tmp_path, *CASES)
    assert grade.is_sound, grade.mistakes
    assert all(behavior.corruptions for behavior in grade.behaviors if behavior.passed)


@pytest.mark.slow
@pytest.mark.parametrize("names", [*combinations(CASES, 2)], ids=", ".join)
def test_two_in_one_task_are_graded_as_each_alone(tmp_path: Path, names: tuple[str, ...]) -> None:
    grade = graded(tmp_path, *names)
    assert grade.is_sound, grade.mistakes
