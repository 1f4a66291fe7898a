"""Several right references: one is enough, and the nearest is told."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.checks import exact_fields, leaf_values
from harness.checks.declared.output import Output
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.record import Sample
from harness.core.verdict import Outcome, Verdict
from harness.tasks.check.grading import check_task
from harness.tasks.generate.promotion import line_of_sample
from harness.tasks.generate.stored import case_of_sample
from harness.tasks.judging import judge_lines
from harness.tasks.task import load_task


def judged(references: Any, answer: Any, exact: Any = ("",), **parts: Any) -> list[Verdict]:
    """The verdicts of ``exact_fields`` and ``leaf_values``."""
    declared = {"format": "json", "exact": list(exact), "leaf_values": True, **parts}
    output = Output.model_validate(declared)
    case = Case("x", (), references[0], tuple(references[1:]))
    completion = Completion(json.dumps(answer))
    return [
        check.check_for(output).judge(case, completion) for check in (exact_fields, leaf_values)
    ]


A, B = {"day": "Monday", "n": 1, "m": 2}, {"day": "Mon", "n": 5, "m": 6}


@pytest.mark.parametrize("answer", [A, B])
def test_an_answer_is_right_where_it_is_one_of_the_references(answer):
    assert [v.outcome for v in judged([A, B], answer)] == [Outcome.PASSED] * 2


def test_the_parts_of_two_references_make_no_right_answer():
    exact, leaves = judged([A, B], {"day": "Mon", "n": 1, "m": 2})
    assert (exact.outcome, leaves.outcome) == (Outcome.FAILED, Outcome.FAILED)


def test_the_nearest_reference_is_told():
    exact, leaves = judged([A, B], {"day": "Mon", "n": 5, "m": 7})
    told = "/m: expected 6, found 7; reference 2 of 2 is the nearest"
    assert exact.reason.endswith("; reference 2 of 2 is the nearest")
    assert leaves.reason == f"2 of 3 leaves are equal; {told}"
    assert leaves.share == 2 / 3


def test_of_references_that_are_as_near_the_first_is_told():
    exact, leaves = judged([A, B], {"day": "Tue", "n": 0, "m": 0}, exact=["/day"])
    assert exact.reason == '/day: expected "Monday", found "Tue"; reference 1 of 2 is the nearest'
    assert leaves.reason.endswith("reference 1 of 2 is the nearest")


def test_a_reference_without_a_leaf_is_one_too():
    assert [v.outcome.value for v in judged([{"l": []}, {"l": [1]}], {"l": []})] == [
        "passed", "skipped",
    ]  # fmt: skip
    assert [v.outcome.value for v in judged([{"l": []}, {"l": [1]}], {"l": [1]})] == ["passed"] * 2
    assert [v.outcome.value for v in judged([{"l": []}, {"l": [1]}], {"l": [2]})] == ["failed"] * 2


def test_one_reference_that_cannot_be_compared_leaves_an_answer_unjudged_or_passed():
    long, short = {"v": list(range(65))}, {"v": [7]}
    compare = {"/v": {"order": "any", "tolerance": 1}}
    both = judged([long, short], {"v": [8]}, compare=compare)
    assert [v.outcome for v in both] == [Outcome.PASSED] * 2
    neither = judged([long, short], {"v": [9]}, compare=compare)
    assert [v.outcome for v in neither] == [Outcome.ERROR] * 2


values = st.fixed_dictionaries(
    {"a": st.integers(0, 2), "l": st.lists(st.integers(0, 2), max_size=3)}
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(values, min_size=1, max_size=3), values, values)
def test_one_more_reference_never_makes_an_answer_worse(references, more, answer):
    before, after = judged(references, answer), judged([*references, more], answer)
    for one, other in zip(before, after, strict=True):
        assert other.share >= one.share
        assert other.outcome is Outcome.PASSED or one.outcome is not Outcome.PASSED


@pytest.fixture
def folder(tmp_path):
    def made(**case: Any):
        made = tmp_path / "days"
        made.mkdir(exist_ok=True)
        task = {"description": "x", "prompt": "{t}", "output": {"format": "json", "exact": [""]}}
        (made / "task.yaml").write_text(json.dumps(task))
        line = {"id": "a", "variables": {"t": "x"}, **case}
        (made / "cases.jsonl").write_text(json.dumps(line) + "\n")
        return made

    return made


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({"reference": A, "references": [B]}, "reference and references: one of the two"),
        ({"references": [A, None]}, "references: null is no reference"),
        ({"references": A}, "references"),
    ],
)
def test_references_that_are_none_are_refused(folder, case, said):
    with pytest.raises(HarnessError) as caught:
        load_task(folder(**case))
    assert said in str(caught.value)


def test_each_reference_is_graded_and_one_that_says_no_more_is_a_mistake(folder):
    assert check_task(folder(references=[A, B])).is_sound
    (mistake,) = check_task(folder(references=[A, B, {**A, "n": 1.0}])).mistakes
    assert (mistake.text, mistake.case_id) == (
        "reference 3 is reference 1 again, leave it out",
        "a",
    )
    case = {"references": [A, B], "schema": {"properties": {"day": {"minLength": 4}}}}
    (mistake,) = check_task(folder(**case)).mistakes
    assert mistake.text.startswith("reference 2 fails schema_types: /day")


def test_a_corruption_that_is_another_reference_is_no_defect(folder):
    schema = {"properties": {"day": {"enum": ["Monday", "Mon"]}}}
    grade = check_task(folder(references=[{"day": "Monday"}, {"day": "Mon"}], schema=schema))
    assert grade.is_sound, grade.mistakes
    wrong = next(c for c in grade.corruptions if c.defect == "value wrong")
    assert (wrong.made, wrong.untried) == (0, 1)


def test_a_record_keeps_all_references_of_a_case(folder):
    task = load_task(folder(references=[A, B]))
    (case,) = task.cases
    (request,) = task.requests()
    sample = Sample.of("m", request, case, Completion("", case_id="a"), {}, is_drawn=False)
    assert case_of_sample(sample).references == (A, B) == case.references
    assert json.loads(line_of_sample(sample))["references"] == [A, B]
    assert json.loads(line_of_sample(sample, reference=A))["reference"] == A


def test_a_line_to_judge_may_have_several_references():
    def verdict(**line: Any) -> str:
        made = {"id": 1, "completion": '{"a": 2}', **line}
        (found,) = judge_lines([json.dumps(made).encode()])
        return getattr(found, "reason", "") or found.verdicts["exact_fields"].outcome.value

    assert verdict(references=[{"a": 1}, {"a": 2}]) == "passed"
    assert verdict(references=[{"a": 1}, '{"a": 3}']) == "failed"
    assert verdict(references=[{"b": 1}, {"a": 3}]) == "failed"
    assert verdict(references=[{"b": 1}, {"a": 2}]) == "passed"
    assert verdict(references=[{"a": 2, "b": 1}, [1]]) == "failed"
    assert verdict(references=[], reference=None).startswith("references: expected a list")
    assert verdict(references=[1], reference=2) == "reference and references: one of the two"
