"""Shares of answers are compared as a paired difference of means, and its error rates hold."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from harness.core.grade import FieldGrade, Grade
from harness.core.record import RunRecord
from harness.core.verdict import FailureCode, Verdict
from harness.gate.graded import GradedCases
from harness.gate.outcome import GateOutcome, Reason
from harness.gate.policy import GatePolicy
from harness.report.words.decision import details_of
from tests.gating import FIRST, SECOND, gate, run_of, with_verdicts

LEAVES = 10
NAME = "leaf_values"


def graded(amounts: int, others: int = LEAVES // 2) -> Verdict:
    """The verdict on an answer with so many of five amounts and five others right."""
    half = LEAVES // 2
    fields = (FieldGrade("/amount", half, half, amounts), FieldGrade("/name", half, half, others))
    if amounts == others == half:
        return Verdict.passed().graded(Grade(fields))
    return Verdict.failed(FailureCode.WRONG_VALUE, "x").graded(Grade(fields))


def runs(
    before: Sequence[Verdict | None], after: Sequence[Verdict | None]
) -> tuple[RunRecord, RunRecord]:
    """Two runs whose composite is unchanged, with these verdicts of a graded behavior."""
    return (
        with_verdicts(run_of([True] * len(before), FIRST), NAME, before),
        with_verdicts(run_of([True] * len(after), SECOND), NAME, after),
    )


def tagged(run: RunRecord, tags: Sequence[tuple[str, ...]]) -> RunRecord:
    samples = (replace(s, tags=t) for s, t in zip(run.samples, tags, strict=True))
    return replace(run, samples=tuple(samples))


def test_a_drop_in_shares_is_a_regression_though_no_case_flips():
    """Every case fails on both sides, by one leaf more."""
    before, after = runs([graded(4)] * 300, [graded(3)] * 300)
    (task,) = gate(before, after).tasks
    assert (task.outcome, task.reason) == (GateOutcome.REGRESSION, Reason.BEHAVIOR)
    (found,) = [b for b in task.behaviors if b.behavior == NAME]
    assert (found.before, found.after) == pytest.approx((0.9, 0.8))
    assert (found.broke, found.fixed) == (300, 0)
    assert 0.05 < found.interval.low < found.drop < found.interval.high < 0.15


def test_an_unchanged_share_passes():
    before, after = runs([graded(4)] * 300, [graded(4)] * 300)
    assert gate(before, after).outcome is GateOutcome.PASS


def test_the_sentence_names_the_field_and_the_cases():
    tags = [("currency:EUR",) if i % 4 == 0 else ("currency:USD",) for i in range(300)]
    wrong = [graded(2) if i % 4 == 0 else graded(5) for i in range(300)]
    before, after = (tagged(run, tags) for run in runs([graded(5)] * 300, wrong))
    decision = gate(before, after)
    lines = [*details_of(decision.tasks[0])]
    said = "leaf_values: /amount: 100.0% to 85.0%, nearly all of it in tag currency:EUR."
    assert said in lines


def test_a_loss_that_is_everywhere_names_no_cases():
    tags = [(f"t{i % 4}", "all") for i in range(300)]
    before, after = (tagged(run, tags) for run in runs([graded(5)] * 300, [graded(3)] * 300))
    decision = gate(before, after)
    lines = [*details_of(decision.tasks[0])]
    assert "leaf_values: /amount: 100.0% to 60.0%." in lines


def test_a_graded_behavior_with_a_budget_passes_only_if_its_drop_is_bounded():
    cases = [graded(5)] * 59 + [graded(2)]
    before, after = runs([graded(5)] * 60, cases)
    limit = {"margin": 0.05}
    assert gate(before, after, **limit).outcome is GateOutcome.PASS
    (task,) = after.tasks
    held = replace(after, tasks=(replace(task, budgets={**task.budgets, NAME: 0.5}),))
    (found,) = gate(before, held, **limit).tasks
    assert (found.outcome, found.reason) == (GateOutcome.INCONCLUSIVE, Reason.BEHAVIOR_MARGIN)


def test_what_is_judged_no_more_counts_as_lost():
    skipped = Verdict.skipped("x")
    before, after = runs([graded(5)] * 300, [graded(5)] * 270 + [skipped] * 30)
    (task,) = gate(before, after).tasks
    (found,) = [b for b in task.behaviors if b.behavior == NAME]
    assert (found.not_judged, found.lost) == (30, 30)
    assert found.interval.high > 0.1
    assert (task.outcome, task.reason) == (GateOutcome.INCONCLUSIVE, Reason.UNJUDGED)


def test_a_failure_without_a_grade_has_no_share():
    bare = Verdict.failed(FailureCode.ASSERTION, "x")
    before, after = runs([graded(5)] * 100, [graded(5)] * 50 + [bare] * 50)
    (found,) = [b for b in gate(before, after).tasks[0].behaviors if b.behavior == NAME]
    assert (found.before, found.after) == (1.0, 0.5)


def of(differences: Sequence[float], weights: Sequence[float] | None = None) -> GradedCases:
    ones, found = tuple(1.0 for _ in differences), tuple(differences)
    own = ones if weights is None else tuple(weights)
    names = tuple(map(str, range(len(found))))
    after = tuple(1.0 - d for d in found)
    return GradedCases(ones, after, own, names, found, own, 1, 0)


def test_the_p_value_and_the_low_end_say_the_same():
    policy = GatePolicy()
    found = of([0.1] * 40 + [0.0] * 260 + [-0.1] * 5)
    p = found.p_value()
    for share in (0.9, 1.1):
        tails = policy.behavior_tails._replace(low=p * share)
        assert (found.interval(tails).low > 0) is (share > 1)


def test_noise_takes_a_loss_away_that_it_explains():
    found = of([0.1] * 60 + [0.0] * 240)
    assert found.p_value() < 0.01 < found.p_value(noise_floor=0.3)


def test_more_and_larger_losses_are_surer():
    ps = [of([0.2] * k + [0.0] * (200 - k)).p_value() for k in (10, 30, 60)]
    assert all(later < earlier for earlier, later in pairwise(ps))


def _even(rng: random.Random) -> float:
    return rng.choice([-0.2, -0.1, 0.1, 0.2]) if rng.random() < 0.3 else 0.0


def _rare_gains(rng: random.Random) -> float:
    """One case in a hundred is fixed whole, all others lose a little: the mean is 0."""
    return -1.0 if rng.random() < 0.01 else 0.01 / 0.99


def _rare_whole(rng: random.Random) -> float:
    return rng.choice([-1.0, 1.0]) if rng.random() < 0.04 else 0.0


NULLS: list[Callable[[random.Random], float]] = [_even, _rare_gains, _rare_whole]


def false_regressions(draw: Callable[[random.Random], float], cases: int, runs: int) -> float:
    """Share of runs of which the interval says a drop, where there is none."""
    tail, found = 0.05, 0
    rng = random.Random(f"{draw.__name__} {cases}")
    for _ in range(runs):
        found += of([draw(rng) for _ in range(cases)]).p_value() < tail
    return found / runs


@pytest.mark.parametrize("draw", NULLS)
def test_a_false_regression_is_no_more_frequent_than_the_level(draw):
    assert false_regressions(draw, 100, 100) <= 0.09


@pytest.mark.slow
@pytest.mark.parametrize("cases", [30, 300, 1000])
@pytest.mark.parametrize("draw", NULLS)
def test_a_false_regression_is_no_more_frequent_than_the_level_in_many_runs(draw, cases):
    assert false_regressions(draw, cases, 2_000) <= 0.06


@pytest.mark.slow
def test_a_drop_of_the_margin_passes_no_more_often_than_the_level():
    rng, tails = random.Random(5), GatePolicy().behavior_tails
    for cases in (149, 300, 1000):
        for drop, size in ((0.02, 1.0), (0.04, 0.5), (0.2, 0.1)):
            passed = 0
            for _ in range(1000):
                found = of([size if rng.random() < drop else 0.0 for _ in range(cases)])
                passed += found.interval(tails).high < 0.02
            assert passed / 1000 <= 0.065
