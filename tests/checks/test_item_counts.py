"""The number of items of lists, by numbers, ranges and references."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.checks.declared.output import Output
from harness.checks.item_counts import check_for
from harness.core.case import Case
from harness.core.completion import Completion, FinishReason
from harness.core.verdict import Outcome
from harness.tasks.check.grading import check_task


def judged(items, text, reference=None, *, alternatives=(), **parts):
    output = Output.model_validate({"format": "json", "items": items, **parts})
    case = Case("a", (), reference=reference, alternatives=alternatives)
    text = text if isinstance(text, str) else json.dumps(text)
    return check_for(output).judge(case, Completion(text, FinishReason.STOP))


WRONG = [
    ({"/a": 2}, {"a": [1]}, "schema_other", "/a", "/a: expected 2 items, found 1"),
    ({"/a": {"min": 1}}, {"a": []}, "schema_other", "/a", "/a: expected at least 1 item, found 0"),
    ({"/a": {"max": 1}}, {"a": [1, 2]}, "schema_other", "/a", "/a: expected at most 1 item, "),
    ({"/a": {"min": 2, "max": 3}}, {"a": [1]}, "schema_other", "/a", "/a: expected 2 to 3 items"),
    ({"/a": 0}, {"a": [1]}, "schema_other", "/a", "/a: expected no items, found 1"),
    ({"": 1}, [], "schema_other", None, "the value: expected 1 item, found 0"),
    ({"/*/b": 1}, [{"b": [1]}, {"b": []}], "schema_other", "/1/b", "/1/b: expected 1 item"),
    ({"/a": 1}, {}, "missing_key", "/a", "/a: expected 1 item, found no such key"),
    ({"/a/*/b": 1}, {"a": [{}]}, "missing_key", "/a/0/b", "/a/0/b: expected 1 item, found no"),
    ({"/a": {"max": 1}}, {"a": None}, "wrong_type", "/a", "/a: expected a list of at most 1 item"),
    ({"/a": {"min": 1}}, {"a": {"0": 1}}, "wrong_type", "/a", "/a: expected a list of at least 1"),
    ({"/a": 2}, {"a": "xy"}, "wrong_type", "/a", '/a: expected a list of 2 items, found "xy"'),
    ({"/a/*/b": {"max": 1}}, {"a": 5}, "wrong_type", "/a", "/a: expected an object or a list that"),
    ({"/a/b": {"max": 1}}, {"a": []}, "wrong_type", "/a", "/a: expected an object or a list that"),
]
RIGHT = [
    ({"/a": 2}, {"a": [1, None]}),
    ({"/a": {"max": 2}}, {}),
    ({"/a": 0}, {"a": []}),
    ({"/a/*/b": 1}, {"a": []}),
    ({"/a/1": {"max": 2}}, {"a": [1]}),
    ({"/a": {"min": 1}}, {"a": [1] * 500}),
]


@pytest.mark.parametrize(("items", "value", "code", "path", "said"), WRONG)
def test_another_number_fails_with_pointer_expected_and_found(items, value, code, path, said):
    verdict = judged(items, value)
    assert (verdict.outcome, verdict.code, verdict.path) == (Outcome.FAILED, code, path)
    assert verdict.reason.startswith(said)


@pytest.mark.parametrize(("items", "value"), RIGHT)
def test_a_number_that_is_allowed_passes(items, value):
    assert judged(items, value).outcome is Outcome.PASSED


def test_the_span_is_that_of_the_list():
    text = '{"b": 1, "a": [1, 2]}'
    start, end = judged({"/a": 1}, text).span
    assert text[start:end] == "[1, 2]"


def test_a_broken_answer_fails_with_its_cause():
    assert judged({"/a": {"max": 1}}, '{"a": [').code == "truncated"


REFERENCE = {"a": [{"id": 1, "b": [1, 2]}, {"id": 2, "b": []}], "n": None}


@pytest.mark.parametrize(
    ("items", "value", "said"),
    [
        ({"/a": "reference"}, {"a": [1]}, "/a: expected 2 items as in the reference, found 1"),
        ({"/a": "reference"}, {}, "/a: expected 2 items as in the reference, found no such key"),
        ({"/n": "reference"}, {"n": [1]}, "/n: expected no items as in the reference, found 1"),
        ({"/n": "reference"}, {"n": 1}, "/n: expected a list of no items as in the reference"),
        ({"/z": "reference"}, {"z": [1]}, "/z: expected no items as in the reference, found 1"),
        ({"/a/*/b": "reference"}, {"a": [{"b": [3]}, {"b": []}]}, "/a/0/b: expected 2 items"),
    ],
)
def test_as_many_as_the_reference_has(items, value, said):
    verdict = judged(items, value, REFERENCE)
    assert verdict.outcome is Outcome.FAILED
    assert verdict.reason.startswith(said)
    assert judged(items, REFERENCE, REFERENCE).outcome is Outcome.PASSED


def test_a_case_without_a_reference_is_not_passed_by_one():
    assert judged({"/a": "reference"}, {"a": []}).outcome is Outcome.SKIPPED
    mixed = {"/a": "reference", "/b": 1}
    assert judged(mixed, {"a": [], "b": [1]}).outcome is Outcome.SKIPPED
    assert judged(mixed, {"a": [], "b": []}).outcome is Outcome.FAILED


def test_one_of_several_references_is_enough():
    found = judged({"/a": "reference"}, {"a": [1]}, {"a": []}, alternatives=({"a": [2]},))
    assert found.outcome is Outcome.PASSED
    found = judged({"/a": "reference"}, {"a": [1, 2]}, {"a": []}, alternatives=({"a": [2]},))
    assert found.reason.endswith("of 2 is the nearest")


KEYED = {"compare": {"/a": {"key": "/id"}}, "exact": [""]}
COUNTED = {"/a/*/b": "reference", "/a": "reference"}


def test_lists_inside_of_matched_items_are_counted_beside_those_of_their_partner():
    moved = {"a": [*reversed(REFERENCE["a"])]}
    assert judged(COUNTED, moved, REFERENCE, **KEYED).outcome is Outcome.PASSED
    assert judged(COUNTED, moved, REFERENCE).reason.startswith("/a/0/b: expected 2 items")
    moved["a"][1] = {"id": 1, "b": [1]}
    found = judged(COUNTED, moved, REFERENCE, **KEYED)
    assert (found.path, found.reason) == (
        "/a/1/b",
        "/a/1/b: expected 2 items as in the reference, found 1",
    )


def test_a_list_that_lacks_a_partner_is_counted_as_it_is():
    lacking = {"a": [{"id": 1, "b": [1, 2]}]}
    found = judged(COUNTED, lacking, REFERENCE, **KEYED)
    assert found.reason == "/a: expected 2 items as in the reference, found 1"


_NUMBERS = st.integers(0, 6)


@settings(derandomize=True, max_examples=60, deadline=None, database=None)
@given(_NUMBERS, _NUMBERS, _NUMBERS)
def test_a_verdict_is_the_comparison_of_numbers(least, more, count):
    items = {"/a": {"min": least, "max": least + more}}
    passes = judged(items, {"a": [0] * count}).outcome is Outcome.PASSED
    assert passes == (least <= count <= least + more)
    equal = judged({"/a": "reference"}, {"a": [0] * count}, {"a": [1] * more})
    assert (equal.outcome is Outcome.PASSED) == (count == more)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"min": 3, "max": 2}, "min 3 is above max 2"),
        ({"max": -1}, "max: a number of items is not below 0, found -1"),
        (-1, "a number of items is not below 0, found -1"),
        ({}, "a range without min and max says nothing"),
        ({"mni": 1}, "unknown key \"mni\", did you mean 'min'?"),
        ({"min": 1.5}, "min: expected a number of items, found 1.5"),
        (True, "expected a number of items, an object with min, max or both, or reference"),
        ("many", "or reference, found \"many\""),
    ],
)  # fmt: skip
def test_a_rule_that_is_none_is_refused(rule, said):
    with pytest.raises(ValidationError) as caught:
        Output.model_validate({"format": "json", "items": {"/a": rule}})
    assert said in str(caught.value)


def test_a_case_may_have_its_own_as_the_record_keeps_it():
    own = Output.model_validate({"format": "json", "items": {"/a": {"max": 2}, "/b": "reference"}})
    again = Output.model_validate_json(own.model_dump_json(include={"format", "items"}))
    assert again.items == own.items


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_task_check_holds_counts_to_lists_with_an_item_short_or_over(tmp_path, form):
    items = {"/a": {"min": 1, "max": 3}, "/a/*/b": "reference", "/zz": {"max": 9}}
    task = {"description": "x", "prompt": "{t}", "output": {"format": form, "items": items}}
    case = {"id": "a", "variables": {"t": "x"}, "reference": REFERENCE}
    (tmp_path / "task.yaml").write_text(json.dumps(task))
    (tmp_path / "cases.jsonl").write_text(json.dumps(case) + "\n")
    found = check_task(tmp_path)
    assert [m.text for m in found.mistakes] == ["items: /zz: no reference has a list there"]
    defects = {c.defect: (c.made, c.right, set(c.breaks)) for c in found.corruptions}
    for name in ("/a an item short", "/a an item over", "/a/*/b an item short"):
        assert defects[name] == (1, 1, {"item_counts"}), name
