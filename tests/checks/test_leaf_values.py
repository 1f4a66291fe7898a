"""Shares of the reference's leaves, held against the definitions of a public benchmark."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness import check
from harness.checks.declared.output import Output
from harness.checks.leaf_values import check_for, leaves_of
from harness.checks.schema.schema import compile_schema
from harness.core.case import Case
from harness.core.completion import Completion, FinishReason
from harness.core.grade import FieldGrade, Grade
from harness.core.verdict import Outcome, Verdict
from harness.run.behavior import judge_completion, rate_result

REFERENCE = {"amount": 47.2, "who": {"name": "Ada"}, "items": [{"p": 1}, {"p": 2}], "none": None}
SCHEMA = {"type": "object", "required": ["amount"], "properties": {"amount": {"type": "number"}}}


def judged(answer: Any, reference: Any = REFERENCE, **rule: Any) -> Verdict:
    output = Output.model_validate({"format": "json", "leaf_values": rule or True})
    text = answer if isinstance(answer, str) else json.dumps(answer)
    judge = check_for(output.with_schema(compile_schema(SCHEMA)))
    return judge.judge(Case("x", (), reference), Completion(text))


def shares(verdict: Verdict) -> tuple[float, float]:
    assert verdict.grade is not None
    return verdict.grade.share, verdict.grade.path_recall


def test_every_leaf_is_equal_however_it_is_written():
    found = judged(' {"none": null, "items": [{"p": 1.0}, {"p": 2}], "who": {"name": "Ada"},'
                   ' "amount": 47.20, "more": 1}')  # fmt: skip
    assert (found.outcome, shares(found)) == (Outcome.PASSED, (1.0, 1.0))


@pytest.mark.parametrize(
    ("change", "share", "recall", "said"),
    [
        ({"amount": 47.02}, 4 / 5, 1.0, "4 of 5 leaves are equal; /amount: expected"),
        ({"amount": "47.2"}, 4 / 5, 1.0, "/amount: expected 47.2, found \"47.2\""),
        ({"items": [{"p": 2}, {"p": 1}]}, 3 / 5, 1.0, "/items/0/p: expected 1, found 2"),
        ({"items": [{"p": True}, {"p": 2}]}, 4 / 5, 1.0, "/items/0/p"),
        ({"items": []}, 3 / 5, 3 / 5, "/items/0/p: expected 1, found no leaf there"),
        ({"none": {}}, 4 / 5, 4 / 5, "/none: expected null, found no leaf there"),
        ({"who": "Ada"}, 4 / 5, 4 / 5, "/who/name: expected \"Ada\", found no leaf there"),
    ],
)  # fmt: skip
def test_a_leaf_that_differs_or_is_not_there_costs_its_share(change, share, recall, said):
    found = judged({**REFERENCE, **change})
    assert (found.outcome, shares(found)) == (Outcome.FAILED, (share, recall))
    assert said in found.reason
    assert found.span is not None


@pytest.mark.parametrize("text", ["", "no", '{"amount": 47.2', "{]", '{"amount": NaN}'])
def test_an_answer_without_a_value_has_no_leaf_of_it(text):
    assert shares(judged(text)) == (0.0, 0.0)


def test_a_lost_answer_is_an_error_and_has_no_share():
    judge = check_for(Output.model_validate({"format": "json", "leaf_values": True}))
    lost = Completion("", FinishReason.ERROR, error="killed")
    found = judge.judge(Case("x", (), REFERENCE), lost)
    assert (found.outcome, found.grade) == (Outcome.ERROR, None)


@pytest.mark.parametrize("reference", [None, {}, [], {"a": []}])
def test_without_a_leaf_to_compare_nothing_is_judged(reference):
    assert judged({}, reference).outcome is Outcome.SKIPPED


def test_a_reference_that_is_one_value_is_one_leaf():
    assert shares(judged("7", 7)) == (1.0, 1.0)
    assert shares(judged("8", 7)) == (0.0, 1.0)


def test_fields_are_told_apart_and_items_are_not():
    grade = judged({**REFERENCE, "items": [{"p": 1}, {"p": 3}]}).grade
    assert grade is not None
    assert grade.fields == (
        FieldGrade("/amount", 1, 1, 1),
        FieldGrade("/who/name", 1, 1, 1),
        FieldGrade("/items/*/p", 2, 2, 1),
        FieldGrade("/none", 1, 1, 1),
    )


def test_with_valid_an_answer_that_breaks_the_schema_has_nothing():
    broken = {**REFERENCE, "amount": "47.2"}
    assert shares(judged(broken, valid=True)) == (0.0, 0.0)
    assert judged(REFERENCE, valid=True).outcome is Outcome.PASSED


def test_valid_without_a_schema_is_an_error_of_the_task():
    judge = check_for(Output.model_validate({"format": "json", "leaf_values": {"valid": True}}))
    found = judge.judge(Case("x", (), {"a": 1}), Completion('{"a": 1}'))
    assert (found.outcome, found.grade) == (Outcome.ERROR, None)
    assert "needs a schema" in found.reason


def test_with_least_paths_an_answer_of_other_paths_has_no_value():
    more = {**REFERENCE, "extra": 1}
    assert shares(judged(more, least_paths=0.95)) == (0.0, 1.0)
    assert shares(judged(more, least_paths=0.9)) == (1.0, 1.0)
    assert "agree with the reference's 5 by 0.91" in judged(more, least_paths=0.95).reason


def test_a_case_may_turn_it_off():
    output = Output.model_validate({"format": "json", "leaf_values": True})
    assert "leaf_values" in output.declares
    assert "leaf_values" not in output.model_copy(update={"leaf_values": False}).declares


def test_depth_is_no_recursion():
    deep: Any = 1
    for _ in range(5_000):
        deep = [deep]
    ((path, value),) = leaves_of(deep)
    assert (len(path), value) == (5_000, 1)


class _Task:
    """One task's check, as a suite asks for it."""

    def case(self, case_id: str) -> Case:
        return Case(case_id, (), REFERENCE)

    def check_of(self, behavior: Any, case: Case) -> Any:
        return check_for(Output.model_validate({"format": "json", "leaf_values": True}))


def test_a_test_that_passes_hands_its_grade_on():
    from harness.checks import leaf_values

    good = Completion(json.dumps(REFERENCE), case_id="x")
    found = judge_completion(lambda: check(leaf_values, good, _Task()), good, ValueError)
    assert (found.outcome, shares(found)) == (Outcome.PASSED, (1.0, 1.0))
    assert judge_completion(lambda: None, good, ValueError) == Verdict.passed()


# A public benchmark's definitions, written here from its description

TEXT_COVERAGE = 0.95


def flattened(value: Any, at: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        parts = [flattened(v, f"{at}.{k}" if at else k) for k, v in value.items()]
    elif isinstance(value, list):
        parts = [flattened(v, f"{at}[{i}]") for i, v in enumerate(value)]
    else:
        return {at: value} if at else {}
    return {path: leaf for part in parts for path, leaf in part.items()}


def official(row: dict[str, Any]) -> tuple[float, float]:
    """Value accuracy and path recall of one row of text: nothing where the answer breaks the
    schema, no value where the paths agree by less than 0.95."""
    answer, truth = row["output"]["candidate_response"], row["output"]["ground_truth"]
    schema = row["input"]["json_schema"]
    if not isinstance(answer, dict | list):
        return 0.0, 0.0
    if not jsonschema.Draft7Validator(schema).is_valid(answer):
        return 0.0, 0.0
    wanted, found = flattened(truth), flattened(answer)
    shared = len(set(wanted) & set(found))
    precision, recall = (shared / len(found) if found else 0.0), shared / len(wanted)
    agreement = 2 * precision * recall / (precision + recall) if shared else 0.0
    equal = sum(path in found and found[path] == value for path, value in wanted.items())
    return (equal / len(wanted) if agreement >= TEXT_COVERAGE else 0.0), recall


def test_it_agrees_with_the_public_benchmark_to_the_last_digit():
    file = Path(__file__).with_name("structured_answers.jsonl")
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    rule = {"valid": True, "least_paths": TEXT_COVERAGE}
    output = Output.model_validate({"format": "json", "leaf_values": rule})
    verdicts, weights = [], {}
    for row in rows:
        number = row["metadata"]["record_id"]
        weights[number] = {"easy": 1.0, "medium": 2.0, "hard": 3.0}[row["metadata"]["difficulty"]]
        judge = check_for(output.with_schema(compile_schema(row["input"]["json_schema"])))
        case = Case(number, (), row["output"]["ground_truth"])
        found = judge.judge(case, Completion(json.dumps(row["output"]["candidate_response"])))
        assert shares(found) == official(row)
        verdicts.append((number, found))
    values, recalls = zip(*map(official, rows), strict=True)
    plain = rate_result("m", "t", "leaf_values", verdicts, None, {})
    assert plain.shares is not None
    assert plain.rate == sum(values) / len(rows)
    assert plain.shares.path_recall.rate == sum(recalls) / len(rows)
    heavy = list(weights.values())
    weighted = rate_result("m", "t", "leaf_values", verdicts, None, {}, weights)
    assert weighted.rate == sum(v * w for v, w in zip(values, heavy, strict=True)) / sum(heavy)
    assert plain.rate not in (0.0, 1.0, weighted.rate)


def test_a_grade_holds_possible_counts_alone():
    with pytest.raises(ValueError, match="cannot be"):
        FieldGrade("/a", 1, 0, 1)
    with pytest.raises(ValueError, match="says nothing"):
        Grade(())
