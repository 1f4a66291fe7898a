"""The JSON Schemas of a task's files are the committed ones, and take what the models take."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.files.yaml_file import parse_yaml
from harness.tasks.schemas import CASE_SCHEMA, TASK_SCHEMA, case_schema, task_schema, text_of
from tests.models import ROOT
from trainers.recipes.load import BUNDLED

TASKS = sorted((ROOT / "fixtures/tasks").iterdir())
CHECK = jsonschema.Draft202012Validator(task_schema())
CASES = jsonschema.Draft202012Validator(case_schema())
SMALL: dict[str, Any] = {"description": "x", "output": {"format": "json"}}


@pytest.mark.parametrize(
    ("path", "schema"), [(TASK_SCHEMA, task_schema), (CASE_SCHEMA, case_schema)]
)
def test_the_committed_file_is_what_is_made(path: Path, schema: Any) -> None:
    assert path.read_text("utf-8") == text_of(schema()), "python -m harness.tasks.schemas"


@pytest.mark.parametrize("folder", TASKS, ids=lambda folder: folder.name)
def test_every_bundled_task_is_valid(folder: Path) -> None:
    CHECK.validate(parse_yaml(folder / "task.yaml")[0])
    for line in (folder / "cases.jsonl").read_text("utf-8").splitlines()[::20]:
        assert CASES.is_valid(json.loads(line)), line


NAMED = [*(folder / "task.yaml" for folder in TASKS), *sorted(BUNDLED.glob("*.yaml"))]


@pytest.mark.parametrize("path", NAMED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_its_first_line_names_the_schema(path: Path) -> None:
    first = path.read_text("utf-8").splitlines()[0]
    prefix, _, name = first.partition("$schema=")
    assert prefix == "# yaml-language-server: "
    assert (path.parent / name).resolve().name in ("task.schema.json", "recipe.schema.json")
    assert (path.parent / name).is_file()


@pytest.mark.parametrize(
    "more",
    [
        {"output": {"format": "json", "timestamps": {"/at": "date"}}},
        {"output": {"format": "json", "timestamps": {"/at": {"kind": "unix", "earliest": 0}}}},
        {"budgets": {"of_my_own": 0.5}, "required": ["of_my_own"]},
        {"budgets": {"peak_memory_mb": 1500, "json_validity": 1}},
        {"template": {"enable_thinking": False}},
        {"stated": {"by": "a script", "numbers": {"format_success_rate": 0.987}}},
    ],
)
def test_what_a_task_may_say_is_valid(more: dict[str, Any]) -> None:
    CHECK.validate({**SMALL, **more})


@pytest.mark.parametrize(
    "more",
    [
        {"descripton": "x"},
        {"output": {"format": "toml"}},
        {"output": {"format": "json", "timestamps": {"/at": "daily"}}},
        {"budgets": {"json_validity": 98}},
        {"budgets": {"latency_p95_seconds": 0}},
        {"stated": {"by": "a script", "numbers": {"format_success_rate": 98.7}}},
        {"sampling": {"temperature": -1}},
    ],
)
def test_a_mistake_is_seen(more: dict[str, Any]) -> None:
    assert not CHECK.is_valid({**SMALL, **more})


def test_every_key_of_a_task_and_a_case_is_described() -> None:
    for schema in (task_schema(), case_schema()):
        for name, found in schema["properties"].items():
            assert found.get("description"), name


def test_a_case_of_messages_is_valid() -> None:
    turns = [{"role": "user", "content": "go"}]
    assert CASES.is_valid({"id": "a", "messages": turns})
    assert not CASES.is_valid({"id": "a", "messages": [{"role": "wizard", "content": "x"}]})
    assert not CASES.is_valid({"variables": {}})
