"""Lines in, verdicts out: what a line declares, what a task does, and lines that are broken."""

import json

import pytest

from harness.core.errors import HarnessError
from harness.tasks import judging_line
from harness.tasks.judging import BrokenLine, judge_lines, verdict_dict
from harness.tasks.judging_line import JudgingLine
from harness.tasks.task import load_task
from tests.models import ROOT

GOOD = '{"name": "Ada", "date": "2024-03-05"}'
BEHAVIORS = (
    "bracket_repetition",
    "duplicate_keys",
    "exact_fields",
    "grounding",
    "item_counts",
    "json_validity",
    "leaf_values",
    "no_extra_text",
    "repetition",
    "required_keys",
    "schema_types",
    "stops_cleanly",
    "timestamp_sanity",
    "types",
)
"""Those of a JSON answer."""
TASKS = ROOT / "fixtures/tasks"


def verdicts(task=None, **line):
    fields = {"id": 1, "completion": GOOD, **line}
    (judged,) = judge_lines([json.dumps(fields).encode()], task)
    assert not isinstance(judged, BrokenLine), judged
    return {
        name: verdict.code.value if verdict.code else verdict.outcome.value
        for name, verdict in judged.verdicts.items()
    }


def broken(raw):
    (judged,) = judge_lines([raw if isinstance(raw, bytes) else json.dumps(raw).encode()])
    assert isinstance(judged, BrokenLine)
    return judged.reason


def test_every_line_names_the_same_behaviors():
    assert tuple(verdicts()) == BEHAVIORS
    assert tuple(verdicts(schema={}, reference={"name": "Ada"})) == BEHAVIORS


def test_what_a_line_does_not_declare_is_skipped():
    skipped = {name for name, outcome in verdicts().items() if outcome == "skipped"}
    assert skipped == {
        "schema_types",
        "required_keys",
        "types",
        "timestamp_sanity",
        "grounding",
        "exact_fields",
        "item_counts",
        "leaf_values",
        "stops_cleanly",
    }
    (judged,) = judge_lines([b'{"id": 1, "completion": "1"}'])
    assert judged.verdicts["schema_types"].reason == "the line gives no schema"
    assert judged.verdicts["timestamp_sanity"].reason == "the line gives no timestamps"
    assert judged.verdicts["grounding"].reason == "the line gives no grounded"
    assert judged.verdicts["exact_fields"].reason == "the line gives no reference"
    assert judged.verdicts["stops_cleanly"].reason == "the line gives no finish_reason"


def test_what_it_declares_is_judged():
    found = verdicts(
        prompt="Ada, March 5, 2024",
        schema={"required": ["name"]},
        timestamps={"/date": "date"},
        grounded=["/name", "/date"],
        leaf_values=True,
        items={"/names": {"max": 1}},
        reference={"name": "Ada"},
        finish_reason="stop",
    )
    assert set(found.values()) == {"passed"}
    assert verdicts(finish_reason="length")["stops_cleanly"] == "truncated"
    assert verdicts(timestamps={"/name": "date"})["timestamp_sanity"] == "bad_date"
    assert verdicts(prompt="Eve", grounded=["/name"])["grounding"] == "ungrounded"
    assert verdicts(schema={"required": ["x"]})["required_keys"] == "missing_key"
    assert verdicts(schema=False)["schema_types"] == "schema_other"


def test_settings_of_timestamps():
    rule = {"kind": "date", "earliest": "2025-01-01"}
    assert verdicts(timestamps={"/date": rule})["timestamp_sanity"] == "bad_date"
    rule = {"kind": "date", "nope": 1}
    (judged,) = judge_lines(
        [json.dumps({"id": 1, "completion": GOOD, "timestamps": {"/date": rule}}).encode()]
    )
    verdict = judged.verdicts["timestamp_sanity"]
    assert (verdict.outcome, verdict.code) == ("error", "task_error")
    assert verdict.reason == 'timestamps: /date: no such setting in {"kind": "date", "nope": 1}'
    assert verdicts(timestamps={"/date": {"kind": "date", "earliest": "x"}})[
        "timestamp_sanity"
    ] == ("task_error")


def test_a_schema_that_cannot_be_compiled_is_an_error_of_the_task():
    found = verdicts(schema={"type": "strin"})
    assert found["schema_types"] == found["required_keys"] == found["types"] == "task_error"
    assert found["json_validity"] == "passed"
    deep: dict = {}
    for _ in range(3000):
        deep = {"not": deep}
    raw = (
        b'{"id": 1, "completion": "1", "schema": ' + b'{"not":' * 3000 + b"{}" + b"}" * 3000 + b"}"
    )
    (judged,) = judge_lines([raw])
    assert judged.verdicts["schema_types"].code == "task_error"


def test_a_schema_is_compiled_once_whatever_the_references(monkeypatch):
    compiled = []
    compile_schema = judging_line.compile_schema
    monkeypatch.setattr(
        judging_line, "compile_schema", lambda raw: compiled.append(raw) or compile_schema(raw)
    )
    for key in ("a", "b", "c"):
        assert verdicts(schema={"minProperties": 7}, reference={key: 1})["types"] == "passed"
    assert compiled == [{"minProperties": 7}]


def test_schemas_are_told_apart_by_how_they_are_written():
    assert verdicts(completion="1", schema={"const": 1})["schema_types"] == "passed"
    assert verdicts(completion="1", schema={"const": True})["schema_types"] == "not_in_enum"
    assert verdicts(completion="1", schema={"const": 1.0})["schema_types"] == "passed"
    assert verdicts(completion="1", schema={"const": "1"})["schema_types"] == "not_in_enum"


@pytest.mark.parametrize(
    ("reference", "exact", "expected"),
    [
        ({"name": "Ada"}, None, "passed"),
        ({"name": "Eve"}, None, "wrong_value"),
        ({"x": 1}, None, "missing_key"),
        ({"name": "Eve", "date": "2024-03-05"}, ["/date"], "passed"),
        (json.dumps({"name": "Eve"}), None, "wrong_value"),
        (json.dumps({"name": "Ada"}), None, "passed"),
        ("[1", None, "wrong_value"),
        ("{} x", None, "wrong_value"),
        ([1], None, "wrong_value"),
        (None, ["/date"], "skipped"),
        ({}, None, "skipped"),
    ],
)
def test_exact_fields_of_a_line(reference, exact, expected):
    assert verdicts(reference=reference, exact=exact)["exact_fields"] == expected


def test_keys_of_a_reference_are_escaped():
    assert verdicts(completion='{"a/b~": 1}', reference={"a/b~": 1})["exact_fields"] == "passed"


def test_grounded_needs_a_prompt():
    assert verdicts(grounded=["/name"])["grounding"] == "task_error"
    assert verdicts(grounded=["/name"], prompt="")["grounding"] == "ungrounded"


def test_no_completion_is_an_error_everywhere():
    found = verdicts(completion="", finish_reason="error", schema={}, reference={"a": 1})
    judged = {name for name, outcome in found.items() if outcome == "backend_error"}
    assert judged == {*BEHAVIORS} - {"timestamp_sanity", "grounding", "leaf_values", "item_counts"}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"{", "is no JSON: "),
        (b"{} x", "is no JSON: more text behind the value, at character 3"),
        (b"\xff{}", "is no UTF-8: byte 1 "),
        (b"[]", "expected an object, found an array"),
        (b'{"id": NaN}', "is no JSON: NaN and Infinity are no JSON at character 8"),
        ({}, "has no id, each line needs one"),
        ({"id": 1}, "has no completion, each line needs one"),
        ({"completion": ""}, "has no id, each line needs one"),
        ({"id": None, "completion": ""}, "has no id, each line needs one"),
        ({"id": True, "completion": ""}, "id: expected a string or a number, found true"),
        ({"id": [], "completion": ""}, "id: expected a string or a number, found []"),
        ({"id": 1, "completion": 7}, "completion: expected a string, found 7"),
        ({"id": 1, "completion": "", "prompt": []}, "prompt: expected a string, found []"),
        ({"id": 1, "completion": "", "schema": "x"}, 'schema: expected a JSON Schema, found "x"'),
        (
            {"id": 1, "completion": "", "grounded": "/a"},
            "grounded: expected a list of JSON pointers",
        ),
        (
            {"id": 1, "completion": "", "grounded": ["a"]},
            "grounded: expected a list of JSON pointers",
        ),
        (
            {"id": 1, "completion": "", "compare": {"/a": {"tolerance": True}}},
            "compare./a.tolerance: expected a number, found true",
        ),
        (
            {"id": 1, "completion": "", "compare": {"/a": {"tolerence": 1}}},
            "compare: expected an object of JSON pointer to an object with tolerance, relative",
        ),
        (
            {"id": 1, "completion": "", "items": {"/a": {"min": 3, "max": 2}}},
            "items./a: min 3 is above max 2",
        ),
        ({"id": 1, "completion": "", "items": 3}, "items: expected an object of JSON pointer to a"),
        ({"id": 1, "completion": "", "exact": [1]}, "exact: expected a list of JSON pointers"),
        (
            {"id": 1, "completion": "", "reasoning": ["<a>", "</a>"]},
            "reasoning: expected a list of pairs of an opening and a closing mark",
        ),
        (
            {"id": 1, "completion": "", "reasoning": [["<a>", "<a>"]]},
            "reasoning: expected a list of pairs of an opening and a closing mark, all of them dis",
        ),
        (
            {"id": 1, "completion": "", "timestamps": ["/a"]},
            "timestamps: expected an object of JSON",
        ),
        (
            {"id": 1, "completion": "", "timestamps": {"a": "date"}},
            "timestamps: expected an object",
        ),
        (
            {"id": 1, "completion": "", "timestamps": {"/a": "day"}},
            "timestamps: expected an object",
        ),
        ({"id": 1, "completion": "", "timestamps": {"/a": {}}}, "timestamps: expected an object"),
        ({"id": 1, "completion": "", "timestamps": {"/a": 1}}, "timestamps: expected an object"),
        (
            {"id": 1, "completion": "", "finish_reason": "eos"},
            'finish_reason: expected stop, length or error, found "eos"',
        ),
    ],
)
def test_broken_line(raw, reason):
    assert broken(raw).startswith(reason)


def test_other_keys_are_ignored_and_nulls_are_absent():
    assert verdicts(label="x", schema=None, grounded=None)["schema_types"] == "skipped"


@pytest.mark.parametrize("id_", ["a", "", 0, -7, 1.5, "\ud800", "\u202e"])
def test_ids_come_back_as_they_are(id_):
    (judged,) = judge_lines([json.dumps({"id": id_, "completion": "1"}).encode()])
    assert json.loads(judged.to_json())["id"] == id_
    assert judged.to_json().isascii()


def test_an_id_beyond_the_numbers_comes_back_as_a_string():
    (judged,) = judge_lines([b'{"id": 1e999, "completion": "1"}'])
    assert json.loads(judged.to_json())["id"] == "1E+999"


@pytest.mark.parametrize(("own", "expected"), [(None, "passed"), ([["<|p|>", "<|/p|>"]], "failed")])
def test_a_line_declares_marks_of_reasoning(own, expected):
    fields = {"completion": '<|p|>{"a": 1}<|/p|>{"a": 2}', "reference": {"a": 1}, "reasoning": own}
    (judged,) = judge_lines([json.dumps({"id": 1, **fields}).encode()])
    assert judged.verdicts["exact_fields"].outcome == expected


def test_output_line():
    (judged,) = judge_lines([b'{"id": "x", "completion": "{\\"a\\": 1,}"}'])
    found = json.loads(judged.to_json())
    assert list(found) == ["id", "verdicts"]
    assert tuple(found["verdicts"]) == BEHAVIORS
    assert found["verdicts"]["no_extra_text"] == {
        "outcome": "passed",
        "code": None,
        "reason": "",
        "span": None,
    }
    assert found["verdicts"]["json_validity"] == {
        "outcome": "failed",
        "code": "syntax",
        "reason": "a comma before the closing }",
        "span": [7, 9],
    }
    assert found["verdicts"]["json_validity"] == verdict_dict(judged.verdicts["json_validity"])


def test_blank_lines_are_passed_over_and_numbers_count_them():
    judged = list(judge_lines([b"\n", b" \r\n", b"{\n", b'{"id": 1, "completion": "1"}\r\n']))
    assert judged[0] == BrokenLine(3, judged[0].reason)
    assert judged[1].id == 1
    assert len(judged) == 2


def test_a_byte_order_mark_at_the_beginning_of_a_line_is_passed_over():
    (judged,) = judge_lines([b'\xef\xbb\xbf{"id": 1, "completion": "1"}'])
    assert judged.id == 1


def test_lines_are_judged_as_they_come():
    def endless():
        while True:
            yield b'{"id": 1, "completion": "1"}'

    stream = judge_lines(endless())
    assert [next(stream).id for _ in range(3)] == [1, 1, 1]


@pytest.fixture(
    scope="module", params=["json_extraction", "fan_timeline", "credit_dispute", "code_assistant"]
)
def task(request):
    return load_task(TASKS / request.param)


def test_references_of_the_bundled_tasks_pass_everything(task):
    for case in task.cases[:40]:
        reference = case.reference
        text = reference if isinstance(reference, str) else json.dumps(reference)
        found = verdicts(task, id=case.id, completion=text, finish_reason="stop")
        assert set(found.values()) <= {"passed", "skipped"}, case.id


def test_a_task_declares_for_its_cases(task):
    case = task.cases[0]
    found = verdicts(task, id=case.id, completion="I cannot do that.")
    assert "passed" in found.values()
    assert found["no_extra_text"] != "passed"
    assert found["stops_cleanly"] == "skipped"


def test_behaviors_of_each_format():
    names = {
        name: list(verdicts(load_task(TASKS / name), id=f"{name}-000", completion="x"))
        for name in ("json_extraction", "credit_dispute", "code_assistant")
    }
    assert tuple(names["json_extraction"]) == BEHAVIORS
    assert names["credit_dispute"] == [
        *("forbidden", "grounding", "no_extra_text", "quotes", "repetition", "sections"),
        *("stops_cleanly", "words"),
    ]
    assert names["code_assistant"] == [
        *("no_extra_text", "python_function", "python_parses", "repetition", "stops_cleanly"),
    ]


def test_a_case_that_the_task_does_not_have(task):
    (judged,) = judge_lines([b'{"id": "nope", "completion": ""}'], task)
    assert isinstance(judged, BrokenLine)
    assert judged.reason == f"the task {task.name} has no case 'nope'"


def test_a_line_is_a_value():
    line = JudgingLine.parse(b'{"id": 1, "completion": "x", "grounded": ["/a"]}')
    assert line.declared.output.grounded == ("/a",)
    with pytest.raises(HarnessError):
        JudgingLine.parse(b"null")


def test_a_setting_of_a_wrong_kind_is_named():
    line = {"id": 1, "completion": GOOD, "timestamps": {"/date": {"kind": "date", "earliest": 1.5}}}
    (judged,) = judge_lines([json.dumps(line).encode()])
    reason = judged.verdicts["timestamp_sanity"].reason
    assert reason.startswith("timestamps: /date: earliest: input should be a valid string, found ")


def test_schemas_among_the_types_of_draft_3_are_judged():
    draft = "http://json-schema.org/draft-03/schema#"
    inner = {"properties": {"a": {"type": "number"}}}
    schema = {"$schema": draft, "type": ["string", inner]}
    line = {"id": 1, "completion": '{"a": "x"}', "schema": schema}
    (judged,) = judge_lines([json.dumps(line).encode()])
    assert judged.verdicts["schema_types"].outcome == "failed"
