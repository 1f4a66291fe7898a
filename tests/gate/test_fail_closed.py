"""What was judged before and is not judged after is never a pass."""

from dataclasses import replace

import pytest

from harness.core.record import RunRecord
from harness.core.verdict import FailureCode, Outcome, Verdict
from harness.gate.outcome import GateOutcome, Reason
from tests.gating import gate, pair, with_verdicts

FAILED = Verdict.failed(FailureCode.WRONG_VALUE, "/name is another name")
SKIPPED = Verdict(Outcome.SKIPPED, None, "no reference")
ERROR = Verdict(Outcome.ERROR, None, "the check crashed")
PASSED = Verdict.passed()
NOT_JUDGED = [SKIPPED, ERROR, None]


def first(count: int, other: Verdict | None, cases: int = 300) -> list[Verdict | None]:
    return [other] * count + [PASSED] * (cases - count)


@pytest.mark.parametrize("count", [1, 150, 300])
@pytest.mark.parametrize("other", [SKIPPED, None])
def test_a_required_behavior_that_judges_less_than_before(
    other: Verdict | None, count: int
) -> None:
    before, after = pair(300)
    decision = gate(
        before, with_verdicts(after, "schema_types", first(count, other)), allow=["required"]
    )
    assert decision.outcome is not GateOutcome.PASS
    if count < 300:
        (task,) = decision.tasks
        assert (task.outcome, task.reason) == (GateOutcome.INCONCLUSIVE, Reason.UNJUDGED)
        assert [(u.behavior, u.lost) for u in task.unjudged] == [("schema_types", count)]


def test_failures_that_become_skips_are_no_gain() -> None:
    """It would read: rose from 66.7% to 100.0%."""
    before, after = pair(300)
    before = with_verdicts(before, "schema_types", first(100, FAILED))
    after = with_verdicts(after, "schema_types", first(100, SKIPPED))
    (task,) = gate(before, after).tasks
    assert (task.outcome, task.reason) == (GateOutcome.INCONCLUSIVE, Reason.UNJUDGED)


@pytest.mark.parametrize("other", NOT_JUDGED)
def test_a_behavior_that_nobody_requires_and_that_vanished(other: Verdict | None) -> None:
    before, after = (with_verdicts(run, "exact", [PASSED] * 300) for run in pair(300))
    (task,) = gate(before, with_verdicts(after, "exact", [other] * 300)).tasks
    assert (task.outcome, task.reason) == (GateOutcome.INCONCLUSIVE, Reason.UNJUDGED)
    assert [(u.behavior, u.lost, u.cases) for u in task.unjudged] == [("exact", 300, 300)]
    # A few of them are told, and hide no loss.
    (task,) = gate(before, with_verdicts(after, "exact", first(2, other))).tasks
    assert task.outcome is GateOutcome.PASS
    assert [(u.behavior, u.lost) for u in task.unjudged] == [("exact", 2)]


@pytest.mark.parametrize("other", [SKIPPED, ERROR])
def test_a_pinned_case_whose_answer_is_not_judged(other: Verdict) -> None:
    before, after = pair(300)

    def pinned(run: RunRecord) -> RunRecord:
        return replace(run, samples=(replace(run.samples[0], must_pass=True), *run.samples[1:]))

    after = with_verdicts(after, "json_validity", [other, *[PASSED] * 299])
    (task,) = gate(pinned(before), pinned(after)).tasks
    assert (task.outcome, task.reason) == (GateOutcome.INCONCLUSIVE, Reason.PINNED_UNJUDGED)
    assert task.pinned_unjudged == (before.samples[0].case_id,)


def test_passing_answers_that_become_errors_are_no_pass() -> None:
    """Twenty of a thousand are the margin."""
    before, after = pair(1_000)
    errors = first(20, ERROR, 1_000)
    (task,) = gate(before, with_verdicts(after, "json_validity", errors)).tasks
    assert task.outcome is GateOutcome.INCONCLUSIVE
    assert task.composite.interval.high > 0.02


@pytest.mark.parametrize("cases", [300, 1_000])
def test_errors_on_the_cases_that_broke_do_not_hide_the_margin(cases: int) -> None:
    """A drop of the margin, of which as many as are allowed are errors."""
    broke = cases // 50
    before, after = pair(cases, broke=broke)
    verdicts = [ERROR] * broke + [PASSED] * (cases - broke)
    (task,) = gate(before, with_verdicts(after, "json_validity", verdicts)).tasks
    assert task.outcome is not GateOutcome.PASS


def test_what_was_not_judged_before_counts_at_its_worst_in_the_bound() -> None:
    """It may have passed before: the bound is that of as many broken cases."""
    before, after = pair(300, broke=6)
    hidden = with_verdicts(before, "json_validity", first(6, ERROR))
    (task,) = gate(hidden, after).tasks
    (open_,) = gate(before, after).tasks
    assert task.composite.interval.high == pytest.approx(open_.composite.interval.high)
    assert task.outcome is not GateOutcome.PASS
