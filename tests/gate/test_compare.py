"""Pairing of samples, and the name of each pair's change."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.record import RunRecord, Sample
from harness.core.verdict import FailureCode, Outcome, Verdict
from harness.gate.compare import Change, Side, change_of, compare, compare_all, composite_outcome
from tests.synthetic import (
    ADAPTER,
    BASE,
    BEHAVIORS,
    TASK,
    Answer,
    broken,
    chatty,
    fenced,
    good,
    record,
    record_of,
    sample,
    values,
)

OUTCOMES = [*Outcome, None]


def both(before: list[Sample], after: list[Sample]) -> Any:
    run = record_of([(BASE, before), (ADAPTER, after)])
    return compare(Side(run, BASE), Side(run, ADAPTER), TASK)


def answers(model: str, *ways: Any) -> list[Sample]:
    return [
        sample(model, i, value, way(value))
        for i, (value, way) in enumerate(zip(values(len(ways)), ways, strict=True), start=1)
    ]


def test_each_pair_is_named() -> None:
    found = both(
        answers(BASE, good, fenced, good, fenced, broken),
        answers(ADAPTER, good, good, fenced, chatty, good),
    )
    assert [c.change for c in found.cases] == [
        Change.STILL_PASSING,
        Change.FIXED,
        Change.REGRESSED,
        Change.STILL_FAILING,
        Change.NOT_JUDGED,
    ]
    assert found.composite.counts == dict.fromkeys(
        [c for c in Change if c not in (Change.ADDED, Change.REMOVED)], 1
    )
    assert found.composite.judged == 4
    assert [b.behavior for b in found.behaviors] == list(BEHAVIORS)
    schema = found.behaviors[2]
    assert schema.counts == {Change.STILL_PASSING: 4, Change.NOT_JUDGED: 1}
    assert found.bucket(Change.FIXED) == (found.cases[1],)


def test_a_case_on_one_side_is_listed_and_not_dropped() -> None:
    found = both(answers(BASE, good, good), answers(ADAPTER, good))
    assert [c.change for c in found.cases] == [Change.STILL_PASSING, Change.REMOVED]
    found = both(answers(BASE, good), answers(ADAPTER, good, good))
    assert [c.change for c in found.cases] == [Change.STILL_PASSING, Change.ADDED]
    assert found.cases[1].behaviors == dict.fromkeys(BEHAVIORS, Change.ADDED)
    assert found.cases[1].sample is found.cases[1].after


def test_another_prompt_under_the_same_id_is_another_case() -> None:
    value = values(1)[0]
    old = sample(BASE, 1, value, good(value), prompt="one")
    new = sample(ADAPTER, 1, value, good(value), prompt="two")
    assert [c.change for c in both([old], [new]).cases] == [Change.ADDED, Change.REMOVED]


def test_repeats_are_paired_with_repeats() -> None:
    value = values(1)[0]
    old = [replace(sample(BASE, 1, value, good(value)), repeat=i) for i in range(2)]
    new = [
        sample(ADAPTER, 1, value, good(value)),
        replace(sample(ADAPTER, 1, value, fenced(value)), repeat=1),
    ]
    assert [c.change for c in both(old, new).cases] == [Change.STILL_PASSING, Change.REGRESSED]


def test_a_behavior_judged_on_one_side_only_is_added_or_removed() -> None:
    value = values(1)[0]
    old, new = sample(BASE, 1, value, good(value)), sample(ADAPTER, 1, value, good(value))
    old = replace(old, verdicts={"json_validity": Verdict.passed(), "old": Verdict.passed()})
    found = both([old], [replace(new, verdicts={"json_validity": Verdict.passed()})])
    assert {b.behavior: dict(b.counts) for b in found.behaviors} == {
        "json_validity": {Change.STILL_PASSING: 1},
        "old": {Change.REMOVED: 1},
    }
    assert found.cases[0].change is Change.STILL_PASSING, "judged by what the later side ran"


def test_two_runs_pair_by_case() -> None:
    before, after = record(20, run_id="a"), record(20, run_id="b", seed=3)
    found = compare_all(Side(before, BASE), Side(after, BASE))
    assert len(found) == 1
    assert set(found[0].composite.counts) == {Change.STILL_FAILING, Change.STILL_PASSING}
    assert found[0].composite.before == found[0].composite.after


def test_a_known_comparison_is_taken_where_it_is_the_same() -> None:
    run = record(3)
    sides = Side(run, BASE), Side(run, ADAPTER)
    [made] = compare_all(*sides)
    assert compare_all(*sides, [made])[0] is made
    other = compare(*sides, TASK, required=made.required[:1])
    assert compare_all(*sides, [other]) == (made,)


def test_an_absent_model_has_no_results() -> None:
    run = record(3)
    found = compare(Side(run, "base:gone"), Side(run, ADAPTER), TASK)
    assert found.composite.before is None
    assert {c.change for c in found.cases} == {Change.ADDED}
    assert found.before.model_record is None


def test_an_empty_run_compares_to_nothing() -> None:
    empty = RunRecord("x", "partial", "2026-11-20T13:15:02Z", 0.0, "f")
    assert compare_all(Side(empty, BASE), Side(empty, ADAPTER)) == ()


class TestCompositeOutcome:
    failed = Verdict.failed(FailureCode.SYNTAX, "")
    error = Verdict.error(FailureCode.BACKEND_ERROR, "")
    skipped = Verdict.skipped("")
    passed = Verdict.passed()

    @pytest.mark.parametrize(
        ("verdicts", "outcome"),
        [
            ({"a": passed, "b": passed}, Outcome.PASSED),
            ({"a": passed, "b": failed}, Outcome.FAILED),
            ({"a": error, "b": failed}, Outcome.ERROR),
            ({"b": failed}, None),
            ({"a": passed, "b": error}, Outcome.ERROR),
            ({"b": error}, Outcome.ERROR),
            ({"a": passed, "b": skipped}, Outcome.PASSED),
            ({"a": skipped, "b": skipped}, Outcome.SKIPPED),
            ({"a": passed}, None),
            ({}, None),
        ],
    )
    def test_table(self, verdicts: dict[str, Verdict], outcome: Outcome | None) -> None:
        assert composite_outcome({**verdicts, "not required": self.failed}, ("a", "b")) is outcome

    def test_nothing_required_is_nothing_judged(self) -> None:
        assert composite_outcome({"a": self.passed}, ()) is None


@given(st.sampled_from(OUTCOMES), st.sampled_from(OUTCOMES))
def test_changes_mirror_each_other(before: Outcome | None, after: Outcome | None) -> None:
    mirror = {Change.FIXED: Change.REGRESSED, Change.REGRESSED: Change.FIXED}
    change = change_of(before, after)
    assert change_of(after, before) is mirror.get(change, change)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=20, unique_by=lambda x: x[0])
)
def test_every_answer_is_in_exactly_one_pair(kept: list[tuple[int, bool]]) -> None:
    def make(model: str, number: int, well: bool) -> Sample:
        value: dict[str, object] = {"amount": number}
        answer = (
            good(value)
            if well
            else Answer("", {"json_validity": Verdict.failed(FailureCode.EMPTY, "")})
        )
        return sample(model, number, value, answer, prompt=str(number))

    before = [make(BASE, n, well) for n, well in kept]
    after = [make(ADAPTER, n, not well) for n, well in kept if n % 3]
    found = both(before, after)
    assert {c.before.case_id for c in found.cases if c.before} == {s.case_id for s in before}
    assert sum(c.after is not None for c in found.cases) == len(after)
    assert sum(found.composite.counts.values()) == len(found.cases) == len(kept)
