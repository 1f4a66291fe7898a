"""A task of payments that tests write down with their own changes, and have graded."""

import json
from pathlib import Path

from harness.tasks.check.grading import TaskGrade, check_task

TASK = """\
description: Read a payment.
prompt: "Read {text}"
output:
  format: json
  schema: schema.json
  timestamps: {/date: date}
  grounded: [/name, /amount]
  exact: [/name, /date, /amount]
required: [json_validity, schema_types]
budgets: {json_validity: 0.9}
"""
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "date": {"type": "string"},
        "amount": {"type": "number"},
    },
    "required": ["name", "date", "amount"],
    "additionalProperties": False,
}
TEXTS = {"a": "Ada, 47.20, 2024-02-29", "b": "Grace, 3.50, 2024-03-01"}
REFERENCES = {
    "a": {"name": "Ada", "date": "2024-02-29", "amount": 47.2},
    "b": {"name": "Grace", "date": "2024-03-01", "amount": 3.5},
}


def case(name="a", **changes):
    return {
        "id": name,
        "variables": {"text": TEXTS.get(name, "x")},
        "reference": REFERENCES.get(name),
        "template": "w1",
        **changes,
    }


CASES = (case("a"), case("b", template="w2"))


class Grader:
    """Called, it writes the task into its folder and grades it."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "payment"

    def __call__(self, task=TASK, cases=CASES, schema=SCHEMA, suites=None) -> TaskGrade:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "task.yaml").write_text(task, "utf-8")
        (self.folder / "schema.json").write_text(json.dumps(schema), "utf-8")
        lines = "".join(json.dumps(c) + "\n" for c in cases)
        (self.folder / "cases.jsonl").write_text(lines, "utf-8")
        return check_task(self.folder, suites)


def said(found: TaskGrade) -> list[str]:
    lines = [f"{m.case_id}|{m.corruption}|{m.text}" for m in found.mistakes]
    return [line.replace(f"{found.folder}/", "") for line in lines]
