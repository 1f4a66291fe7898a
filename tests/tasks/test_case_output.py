"""What a case declares for itself stands in the place of what its task does."""

import json
from dataclasses import replace

import pytest

from harness import check
from harness.checks import exact_fields, schema_types
from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.grammar import Grammar, grammar_for
from harness.core.judged import Judged
from harness.core.record import Sample
from harness.tasks.check.grading import check_task
from harness.tasks.generate.stored import case_of_sample
from harness.tasks.judging import judge_answer, judge_lines
from harness.tasks.task import load_task

TASK = "description: x\noutput:\n  format: json\n  schema: task.json\n"
OBJECT = {"type": "object", "required": ["a"]}


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "own"
    made.mkdir()
    (made / "task.yaml").write_text(TASK)
    (made / "task.json").write_text('{"type": "array"}')
    return made


def task_of(folder, *cases):
    lines = [
        {"id": name, "messages": [{"role": "user", "content": name}], **case}
        for name, case in zip("abcdef", cases, strict=False)
    ]
    (folder / "cases.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return load_task(folder)


def outcome(task, case_id, text, behavior="schema_types"):
    verdict = judge_answer(task.case(case_id), Completion(text, case_id=case_id), task)[behavior]
    return verdict.outcome.value


def test_a_schema_of_its_own_comes_before_the_task_s(folder):
    task = task_of(folder, {"schema": OBJECT}, {}, {"schema": None}, {"schema": True})
    assert [outcome(task, name, '{"a": 1}') for name in "abcd"] == [
        *("passed", "failed", "failed", "passed"),
    ]
    assert [outcome(task, name, "[]") for name in "abcd"] == [
        *("failed", "passed", "passed", "passed"),
    ]


def test_a_schema_may_stand_in_a_file_whose_content_is_part_of_the_cases_hash(folder):
    (folder / "own.json").write_text(json.dumps(OBJECT))
    first = task_of(folder, {"schema": "own.json"}, {"schema": "own.json"})
    assert outcome(first, "b", '{"a": 1}') == "passed"
    (folder / "own.json").write_text('{"type": "object"}')
    second = load_task(folder)
    assert outcome(second, "a", "{}") == "passed"
    assert first.cases_sha256 != second.cases_sha256


def test_every_part_of_output_can_be_a_case_s_own(folder):
    task = task_of(
        folder,
        {"schema": True, "timestamps": {"/at": "date"}},
        {"schema": True, "grounded": ["/name"]},
        {"schema": True, "exact": ["/name"], "reference": {"name": "Ada"}},
        {"schema": True},
    )
    text = '{"at": "soon", "name": "Grace"}'
    judged = {
        name: [outcome(task, name, text, behavior) for name in "abcd"]
        for name, behavior in (
            ("times", "timestamp_sanity"),
            ("claims", "grounding"),
            ("values", "exact_fields"),
        )
    }
    assert judged == {
        "times": ["failed", "skipped", "skipped", "skipped"],
        "claims": ["skipped", "failed", "skipped", "skipped"],
        "values": ["skipped", "skipped", "failed", "skipped"],
    }
    assert {"timestamps", "grounded", "exact", "schema"} <= task.declares


def test_a_case_has_its_own_limit(folder):
    task = task_of(folder, {"sampling": {"max_new_tokens": 7}}, {})
    requests = task.requests()
    assert [r.sampling.max_new_tokens for r in requests] == [7, 256]
    case = task.case("a")
    sample = Sample.of("m", requests[0], case, Completion(""), {}, is_drawn=False)
    assert task.record(2).request(sample) == requests[0]


def test_a_stored_answer_is_judged_by_what_its_case_declared(folder):
    task = task_of(folder, {"schema": OBJECT, "sampling": {"max_new_tokens": 7}})
    case = task.case("a")
    (request,) = task.requests()
    sample = Sample.of("m", request, case, Completion(""), {}, is_drawn=False)
    assert case_of_sample(sample).declared == case.declared
    assert case_of_sample(sample).max_new_tokens == 7


def test_constrained_answers_are_held_to_the_case_s_schema(folder):
    task = task_of(folder, {"schema": OBJECT}, {})
    grammar = Grammar.of({"type": "array"}, "llguidance 1")
    requests = task.requests()
    own, other = (r.grammar for r in replace(task, grammar=grammar).requests())
    assert json.loads(own.schema) == OBJECT
    assert other == grammar
    assert {r.grammar for r in requests} == {None}


def test_constrained_answers_are_in_the_case_s_format(folder):
    listed = {"type": "array", "items": OBJECT}
    own = {"format": "csv", "delimiter": ";", "schema": listed}
    task = task_of(folder, own, {"format": "jsonl"})
    grammar = Grammar.of(True, "llguidance 1")
    table, lines = (r.grammar for r in replace(task, grammar=grammar).requests())
    assert table == Grammar.of(listed, "llguidance 1", "csv", ";")
    assert lines == Grammar.of(True, "llguidance 1", "jsonl")
    assert grammar_for(grammar, '{"format": "text"}') is None


@pytest.mark.parametrize(
    ("case", "mistake"),
    [
        ({"schema": "gone.json"}, "schema: {folder}/gone.json is not there"),
        ({"schema": [1]}, "schema: a schema is an object, true or false, or the name of a file"),
        ({"schema": 3}, "schema: a schema is an object, true or false, or the name of a file"),
        ({"grounded": ["a"]}, "grounded.0: 'a' is no JSON pointer: it begins with /"),
        ({"timestamps": {"/a": "day"}}, "timestamps./a.kind: input should be 'date', 'datetime'"),
        ({"words": [1, 2]}, "words needs format: text, not json"),
        ({"format": "text"}, "schema needs format: json, not text"),
        ({"sampling": {"max_new_tokens": 0}}, "sampling.max_new_tokens: input should be greater"),
        ({"sampling": {"max_new_tokens": 1, "seed": 1}}, "sampling.seed: unknown key"),
        ({"schemas": {}}, "schemas: unknown key, did you mean 'schema'?"),
    ],
)
def test_a_mistake_is_named_with_its_line(folder, case, mistake):
    with pytest.raises(HarnessError) as raised:
        task_of(folder, {}, case)
    expected = mistake.format(folder=folder)
    assert raised.value.mistakes[0].startswith(f"{folder}/cases.jsonl:2: {expected}")


def test_a_schema_that_is_none_is_an_error_of_its_case_alone(folder):
    task = task_of(folder, {"schema": {"type": "objekt"}}, {"schema": OBJECT})
    verdict = judge_answer(task.case("a"), Completion("{}", case_id="a"), task)["schema_types"]
    assert (verdict.outcome.value, verdict.code) == ("error", "task_error")
    assert verdict.reason.startswith('the case\'s schema: at /type: "objekt" is')
    assert outcome(task, "b", '{"a": 1}') == "passed"


def test_formats_that_nothing_asserts_are_a_mistake_unless_the_known_ones_are_asked_for(folder):
    schema = {"items": [{"format": "date"}, {"format": "color"}]} | {
        "$schema": "http://json-schema.org/draft-07/schema#"
    }
    task = task_of(
        folder,
        {"schema": schema, "assert_formats": True},
        {"schema": schema, "assert_formats": "known"},
        {"schema": schema},
    )
    assert outcome(task, "a", '["2024-02-29", "red"]') == "error"
    assert [outcome(task, name, '["soon", "red"]') for name in "bc"] == ["failed", "passed"]
    assert outcome(task, "b", '["2024-02-29", "red"]') == "passed"


def test_task_check_compiles_every_schema_and_corrupts_by_it(folder):
    good = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    task_of(
        folder,
        {"schema": good, "reference": {"n": 1}},
        {"schema": {"type": "objekt"}},
    )
    grade = check_task(folder)
    assert [(m.case_id, m.text.partition(": at")[0]) for m in grade.mistakes] == [
        ("b", "schema: not a JSON Schema")
    ]
    made = {c.defect: (c.made, c.right) for c in grade.corruptions}
    assert made["key dropped"] == made["number quoted"] == (1, 1)


def test_a_suite_names_the_behavior_s_file(folder):
    task = task_of(folder, {"schema": OBJECT}, {})
    check(schema_types, Completion('{"a": 1}', case_id="a"), task)
    with pytest.raises(Judged, match="expected array"):
        check(schema_types, Completion('{"a": 1}', case_id="b"), task)
    with pytest.raises(Judged) as skipped:
        check(exact_fields, Completion("[]", case_id="b"), task)
    assert skipped.value.verdict.outcome.value == "skipped"


def test_a_check_that_knows_the_task_alone_does_not_judge_a_case_with_its_own(folder):
    task = task_of(folder, {"schema": OBJECT}, {})
    made = schema_types.check_for(task.output)
    check(made, Completion("[]", case_id="b"), task)
    with pytest.raises(Judged, match="was made without the case's own declarations") as raised:
        check(made, Completion("[]", case_id="a"), task)
    assert raised.value.verdict.outcome.value == "error"


def test_a_line_s_own_schema_comes_before_the_case_s(folder):
    task = task_of(folder, {"schema": OBJECT})
    line = {"id": "a", "completion": "[]", "schema": {"type": "array"}, "exact": ["/0"]}
    (own,) = judge_lines([json.dumps(line).encode()], task)
    (other,) = judge_lines([b'{"id": "a", "completion": "[]"}'], task)
    assert own.verdicts["schema_types"].outcome.value == "passed"
    assert other.verdicts["schema_types"].outcome.value == "failed"
    assert (own.has_own_schema, other.has_own_schema) == (True, False)
    assert own.ignored == ("exact",)


def test_a_line_s_schema_is_held_against_the_answer_as_the_task_reads_it(folder):
    (folder / "task.yaml").write_text(
        "description: x\noutput: {format: yaml, schema: task.json, fence: required}\n"
    )
    task = task_of(folder, {})

    def judged(schema):
        line = {"id": "a", "completion": "```yaml\na: no\n```", "schema": schema}
        (found,) = judge_lines([json.dumps(line).encode()], task)
        return found, found.verdicts["schema_types"].outcome.value

    assert judged({"properties": {"a": {"const": "no"}}})[1] == "passed"
    assert judged({"properties": {"a": {"const": False}}})[1] == "failed"
    broken, outcome = judged({"type": "objekt"})
    assert (outcome, broken.has_own_schema) == ("error", True)


def test_a_text_is_not_said_to_be_judged_by_a_line_s_schema(folder):
    (folder / "task.yaml").write_text("description: x\noutput: {format: text, words: [1, 9]}\n")
    task = task_of(folder, {})
    line = {"id": "a", "completion": "so", "schema": {"type": "array"}}
    (found,) = judge_lines([json.dumps(line).encode()], task)
    assert not found.has_own_schema
    assert found.verdicts["words"].outcome.value == "passed"
