"""Answers are held to a grammar of their format, or refused before a model is opened."""

import json

import pytest

from harness.core.errors import HarnessError
from harness.run.constrained import constrained
from harness.tasks.task import Task, load_task

OBJECT = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
LIST = {"type": "array", "items": OBJECT}


@pytest.fixture
def task_of(tmp_path):
    """``task_of("csv", schema, {"format": "json"})``: a task, and what its cases declare."""

    def made(output: str, schema: object = None, *own: dict) -> Task:
        folder = tmp_path / "payments"
        folder.mkdir(exist_ok=True)
        named = "" if schema is None else ", schema: schema.json"
        head = f'description: x\nprompt: "{{text}}"\noutput: {{format: {output}{named}}}\n'
        (folder / "task.yaml").write_text(head)
        (folder / "schema.json").write_text(json.dumps(schema))
        cases = [{"id": str(n), "variables": {"text": "x"}, **c} for n, c in enumerate(own or [{}])]
        (folder / "cases.jsonl").write_text("".join(json.dumps(case) + "\n" for case in cases))
        return load_task(folder)

    return made


@pytest.mark.parametrize(
    ("output", "form", "delimiter"),
    [("jsonl", "jsonl", ","), ("csv", "csv", ","), ('csv, delimiter: ";"', "csv", ";")],
)
def test_lists_have_a_grammar_of_their_format(task_of, output, form, delimiter):
    (task,) = constrained([task_of(output, LIST)])
    assert (task.grammar.format, task.grammar.delimiter) == (form, delimiter)
    assert json.loads(task.grammar.schema) == LIST
    assert task.record(1).grammar == task.grammar
    assert [request.grammar for request in task.requests()] == [task.grammar]


def refused(task: Task) -> list[str]:
    with pytest.raises(HarnessError) as error:
        constrained([task])
    return [line.replace(f"{task.path.parent}/", "") for line in error.value.mistakes]


@pytest.mark.parametrize(
    ("output", "schema", "said"),
    [
        (
            "yaml",
            OBJECT,
            "payments/task.yaml: format: yaml has no grammar, json, jsonl and csv have one: decode "
            "it freely",
        ),
        ("csv", None, "payments/task.yaml: a grammar of format: csv needs the columns as proper"),
        (
            "csv",
            {"items": {"properties": {"a": {"type": "string", "pattern": "x"}}}},
            "payments/schema.json: the column 'a': no grammar of format: csv can express the key",
        ),
        ("jsonl", {**LIST, "uniqueItems": True}, "payments/schema.json: no grammar of format: js"),
        ("jsonl, fence: required", LIST, "payments: fence: required has no grammar"),
        ("text", None, "payments: only tasks with format: json, jsonl or csv have a grammar"),
    ],
)
def test_what_has_none_is_refused_in_one_line(task_of, output, schema, said):
    (line,) = refused(task_of(output, schema))
    assert line.startswith(f"--decode constrained: {said}")


@pytest.mark.parametrize(
    ("output", "own", "said"),
    [
        ("json", {"format": "yaml"}, "format: yaml has no grammar"),
        ("json", {"fence": "required"}, "fence: required has no grammar"),
        ("json", {"format": "csv"}, "a grammar of format: csv needs the columns"),
        ("json", {"schema": {"not": {}}}, "no grammar can express the schema: Unimplemented keys"),
        ("json", {"schema": {"type": "arr"}}, "schema: not a JSON Schema: "),
        ("text", {"format": "json"}, "format: json has none within a task of texts, give it a ta"),
    ],
)
def test_a_case_of_its_own_is_refused_too_and_never_decoded_freely(task_of, output, own, said):
    lines = refused(task_of(output, None, {}, own))
    assert lines == [lines[0]]
    assert lines[0].startswith(f"--decode constrained: payments/cases.jsonl: case 1: {said}")


def test_a_case_may_have_another_grammar_than_its_task(task_of):
    own = {"format": "csv", "schema": LIST}
    (task,) = constrained([task_of("json", None, {"tags": ["x"]}, own, {"format": "text"})])
    assert [r.grammar and r.grammar.format for r in task.requests()] == ["json", "csv", None]
