"""JSON Schemas of ``task.yaml`` and of a line of ``cases.jsonl``, by which editors complete and
check them.

``python -m harness.tasks.schemas`` writes the committed files anew after a model has changed.
"""

import json
from pathlib import Path
from typing import Any, get_args

from harness.checks import listing
from harness.checks.declared.timestamp_rule import Kind
from harness.core.record import FORMAT_SUCCESS
from harness.files.atomic import write_whole
from harness.files.described_schema import schema_of
from harness.tasks.task_file import CaseLine, TaskFile, limit_budgets

HERE = Path(__file__).parent
TASK_SCHEMA = HERE / "task.schema.json"
CASE_SCHEMA = HERE / "case.schema.json"


def task_schema() -> dict[str, Any]:
    """The schema of ``task.yaml``, with what the model reads in more than one form."""
    schema = schema_of(TaskFile, "task.yaml")
    properties, parts = schema["properties"], schema["$defs"]
    properties["budgets"]["properties"] = budgets = _budgets()
    parts["StatedFile"]["properties"]["numbers"]["properties"] = {
        name: {key: value for key, value in bound.items() if key != "description"}
        for name, bound in budgets.items()
    }
    names = {"enum": [name for name, found in listing().items() if found.check_for is not None]}
    properties["required"] = {
        **properties["required"],
        "anyOf": [
            {"type": "array", "items": {"anyOf": [names, {"type": "string"}]}},
            {"type": "null"},
        ],
    }
    _widen(parts["Output"]["properties"], parts)
    return schema


def case_schema() -> dict[str, Any]:
    """The schema of one line of ``cases.jsonl``, with what the model reads in more than one
    form."""
    schema = schema_of(CaseLine, "one line of cases.jsonl")
    _widen(schema["properties"], schema["$defs"])
    return schema


def _widen(output: dict[str, Any], parts: dict[str, Any]) -> None:
    """Add the short forms of parts of ``output``."""
    output["timestamps"]["additionalProperties"] = {
        "anyOf": [{"enum": list(get_args(Kind))}, {"$ref": "#/$defs/TimestampRule"}]
    }
    for bound in ("earliest", "latest"):
        # A moment of ``unix`` is a number.
        parts["TimestampRule"]["properties"][bound]["anyOf"].append({"type": "integer"})
    for word in ("ignore", "key"):
        listed = parts["CompareRule"]["properties"][word]
        forms = [listed["items"], {"type": "array", "items": listed.pop("items")}]
        del listed["type"]
        listed["anyOf"] = forms
    marks = parts["Reasoning"]["properties"]["marks"]
    output["reasoning"] = {
        **{k: v for k, v in output["reasoning"].items() if k in ("description", "default")},
        "anyOf": [
            {"enum": ["allowed", "forbidden"]},
            {"type": "array", "items": marks["items"]},
            {"$ref": "#/$defs/Reasoning"},
        ],
    }


def _budgets() -> dict[str, Any]:
    """Known budgets by name; a behavior of the user's own may have one too."""
    rates = [name for name, found in listing().items() if not found.budgets and not found.no_rate]
    share = {"type": "number", "minimum": 0, "maximum": 1}
    most = {"type": "number", "exclusiveMinimum": 0}
    found: dict[str, Any] = {}
    for name in (FORMAT_SUCCESS, *rates):
        found[name] = {**share, "description": "The least pass rate."}
    for name in limit_budgets():
        found[name] = {**most, "description": "The most, in the unit of its name."}
    return found


def write_schemas() -> None:
    """Write the committed files."""
    for path, schema in ((TASK_SCHEMA, task_schema()), (CASE_SCHEMA, case_schema())):
        write_whole(path, [text_of(schema)])


def text_of(schema: dict[str, Any]) -> str:
    """The schema as it is committed."""
    return json.dumps(schema, indent=1) + "\n"
