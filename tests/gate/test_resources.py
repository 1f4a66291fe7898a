"""Latency and memory in the gate: judged where times are paired, reported where they are not."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.core.machine_load import MachineLoad
from harness.core.record import BehaviorResult, RunRecord, TimedAnswer
from harness.core.verdict import FailureCode, Verdict
from harness.gate.compare import Side
from harness.gate.decision import GateDecision, decide
from harness.gate.outcome import GateOutcome, Reason
from harness.gate.policy import GatePolicy
from harness.gate.resources import latency_change
from harness.report.words.decision import alarms_of, explanation, sentence
from tests.gating import answered, pair
from tests.synthetic import ADAPTER, BASE, TASK, record_of


def timed(model: str, run: RunRecord, seconds: Sequence[float]) -> list[TimedAnswer]:
    samples = [s for s in run.samples if s.model == model][: len(seconds)]
    return [
        TimedAnswer(model, TASK, s.case_id, s.prompt_sha256, took, took / 10, 20, i, float(i))
        for i, (s, took) in enumerate(zip(samples, seconds, strict=True))
    ]


def session(
    before: Sequence[float], after: Sequence[float], *, is_interleaved: bool | None = True
) -> RunRecord:
    """One run of two models that answer 300 cases alike, timed on the first of them."""
    found = answered([True] * 300)
    run = record_of([(BASE, [replace(s, model=BASE) for s in found]), (ADAPTER, found)])
    times = (*timed(BASE, run, before), *timed(ADAPTER, run, after))
    return replace(run, timed=times, is_interleaved=is_interleaved)


def gate(run: RunRecord, **policy: object) -> GateDecision:
    sides = (Side(run, BASE), Side(run, ADAPTER))
    return decide(*sides, GatePolicy.model_validate(policy))


def times(cases: int, ratio: float = 1.0, seed: int = 0) -> list[float]:
    """Seconds of cases of different length, the same for the same seed but for the ratio."""
    rng = random.Random(seed)
    return [ratio * rng.uniform(0.2, 2.0) for _ in range(cases)]


def noisy(seconds: Sequence[float], seed: int) -> list[float]:
    rng = random.Random(seed)
    return [s * rng.lognormvariate(0, 0.05) for s in seconds]


@pytest.mark.parametrize(
    ("ratio", "limit", "outcome", "reason"),
    [
        (1.0, 0.1, GateOutcome.PASS, Reason.BOUNDED),
        (1.3, 0.1, GateOutcome.REGRESSION, Reason.LATENCY),
        (1.3, None, GateOutcome.PASS, Reason.BOUNDED),
        (1.3, 0.5, GateOutcome.PASS, Reason.BOUNDED),
        (0.5, 0.0, GateOutcome.PASS, Reason.BOUNDED),
        (1.0, 0.0, GateOutcome.INCONCLUSIVE, Reason.SLOWNESS),
    ],
)
def test_decisions(ratio, limit, outcome, reason) -> None:
    run = session(noisy(times(20), 1), noisy(times(20, ratio), 2))
    (task,) = gate(run, max_latency_increase=limit).tasks
    assert (task.outcome, task.reason) == (outcome, reason)
    assert task.resources.latency.ratio.ratio == pytest.approx(ratio, rel=0.05)


def test_pairing_sees_what_the_spread_of_the_cases_hides() -> None:
    """Every case takes 10% longer, while the cases themselves differ tenfold."""
    run = session(times(20), times(20, 1.1))
    (task,) = gate(run, max_latency_increase=0.05).tasks
    assert task.reason is Reason.LATENCY
    assert task.resources.latency.before_seconds == pytest.approx(
        task.resources.latency.after_seconds / 1.1
    )


def test_the_limit_s_false_alarms_stay_below_the_level() -> None:
    """400 sessions whose model is exactly as slow as is allowed: at most 2.5% of them should be
    called a regression; more than 5.2% have a chance of less than 1 in 1,000."""
    alarms, empty = 0, session([], [])
    for seed in range(400):
        before, after = times(20, 1.0, seed), times(20, 1.1, seed)
        took = (
            *timed(BASE, empty, noisy(before, 2 * seed)),
            *timed(ADAPTER, empty, noisy(after, 2 * seed + 1)),
        )
        run = replace(empty, timed=took)
        found = latency_change(Side(run, BASE), Side(run, ADAPTER), TASK, 0.95)
        alarms += found.is_over(0.1)
    assert alarms <= 20


@pytest.mark.parametrize("is_interleaved", [False, None])
def test_models_timed_one_after_the_other_are_told_and_not_judged(is_interleaved) -> None:
    run = session(times(20), times(20, 3.0), is_interleaved=is_interleaved)
    decision = gate(run, max_latency_increase=0.1)
    assert decision.outcome is GateOutcome.PASS
    said = "\n".join(explanation(decision))
    assert "Latency is not paired, measured one model after the other: median" in said
    assert "nothing is decided by it" in said


def test_two_sessions_are_not_paired() -> None:
    first = session(times(20), times(20))
    second = replace(session(times(20, 3.0), times(20, 3.0)), id="another")
    sides = (Side(first, ADAPTER), Side(second, ADAPTER))
    decision = decide(*sides, GatePolicy(max_latency_increase=0.1))
    assert decision.outcome is GateOutcome.PASS
    assert "measured in different sessions" in "\n".join(explanation(decision))


def test_a_budget_newly_missed_by_a_model_that_is_surely_slower_is_a_regression() -> None:
    run = session(times(20), times(20, 2.0))
    results = tuple(
        replace(r, met=r.model == BASE, measured={"p95_seconds": 1.9 if r.model == BASE else 3.8})
        if r.behavior == "latency_budget" else r
        for r in run.results
    )  # fmt: skip
    decision = gate(replace(run, results=results))
    assert decision.tasks[0].reason is Reason.LATENCY
    assert sentence(decision).startswith(
        "REGRESSION: answers take 2.00 times as long (interval 2.00 to 2.00); "
        "latency_budget p95 was 1.9 s and is 3.8 s, at most 2 s; format_success_rate stayed at "
        "100.0%"
    )
    # As fast as before, but for one slow case: what is missed may be chance.
    hiccup = session(times(20), [*times(20)[:19], 9.0])
    decision = gate(replace(hiccup, results=results))
    assert decision.outcome is GateOutcome.PASS
    assert (
        "MISSED: latency_budget p95 was 1.9 s and is 3.8 s, at most 2 s. This is no regression by "
        "itself: in turns with the model before it is no slower than chance explains."
    ) in list(explanation(decision))


def budgeted(run: RunRecord, **seconds: tuple[float, float, float]) -> RunRecord:
    """The run with these latencies: before, after, and the most that is allowed."""
    limits = {f"{name}_seconds": most for name, (*_, most) in seconds.items()}

    def measured(result: BehaviorResult, side: int) -> BehaviorResult:
        values = {f"{name}_seconds": found[side] for name, found in seconds.items()}
        met = all(value <= limits[name] for name, value in values.items())
        return replace(result, measured=values, limits=limits, met=met, budget=2.0,
                       limited="p95_seconds")  # fmt: skip

    results = (
        measured(r, r.model == ADAPTER) if r.behavior == "latency_budget" else r
        for r in run.results
    )
    return replace(run, results=tuple(results))


BUSY = MachineLoad.of(2, 13.0, 13.0)


def test_times_of_a_busy_machine_turn_no_gain_into_a_regression() -> None:
    """Every case improves, answers take 1.5 times as long, and the p50's budget is missed."""
    run = session(times(20), times(20, 1.5))
    gained = tuple(
        replace(s, verdicts={n: Verdict.failed(FailureCode.SYNTAX, "") for n in s.verdicts})
        if s.model == BASE else s
        for s in run.samples
    )  # fmt: skip
    run = budgeted(replace(run, samples=gained), p50=(0.8, 1.2, 1.0), p95=(1.5, 1.63, 2.0))
    decision = gate(replace(run, load=BUSY))
    assert decision.outcome is GateOutcome.PASS
    (alarm,) = alarms_of(decision.tasks[0])
    assert alarm == (
        "MISSED: latency_budget p50 was 0.8 s and is 1.2 s, at most 1 s. This is no regression by "
        "itself: 2 cores, load 13: times mean little; max_latency_increase holds the times taken "
        "in turns to a limit."
    )
    limited = gate(replace(run, load=BUSY), max_latency_increase=0.2)
    assert limited.tasks[0].reason is Reason.LATENCY
    assert alarms_of(limited.tasks[0]) == ()
    assert gate(run).tasks[0].reason is Reason.LATENCY


def test_a_budget_is_lost_by_value() -> None:
    """The p95 was missed before: the p50's budget is lost all the same, and told alone."""
    run = budgeted(session(times(20), times(20, 2.0)), p50=(0.8, 1.2, 1.0), p95=(2.1, 2.2, 2.0))
    (task,) = gate(run).tasks
    (lost,) = task.resources.budgets_lost
    assert (lost.name, lost.before, lost.after, lost.budget) == ("p50_seconds", 0.8, 1.2, 1.0)


def test_too_few_timed_cases_bound_nothing() -> None:
    decision = gate(session(times(5), times(5)), max_latency_increase=0.5)
    assert decision.tasks[0].reason is Reason.SLOWNESS
    said = "\n".join(explanation(decision))
    assert "5 timed cases bound no latency, the limit is 1.5 times: more timed cases" in said
    assert decision.tasks[0].cases_needed is None


def test_memory_that_grew_by_more_than_is_accepted_is_a_regression() -> None:
    before, after = pair(300)
    bigger = replace(after, models=(replace(after.models[0], peak_memory_mb=700.0),))
    sides = (Side(before, ADAPTER), Side(bigger, ADAPTER))
    decision = decide(*sides, GatePolicy(max_memory_increase=0.1))
    assert decision.tasks[0].reason is Reason.MEMORY
    assert "peak memory was 612 MB and is 700 MB (+14.3%); " in sentence(decision)
    assert decide(*sides, GatePolicy(max_memory_increase=0.15)).outcome is GateOutcome.PASS
    told = decide(*sides, GatePolicy())
    assert told.outcome is GateOutcome.PASS
    assert "Peak memory was 612 MB and is 700 MB (+14.3%)." in list(explanation(told))


def test_what_a_replay_took_is_not_what_the_model_takes() -> None:
    before, after = pair(300)
    replayed = replace(after.models[0], peak_memory_mb=90_000.0, is_measurable=False)
    sides = (Side(before, ADAPTER), Side(replace(after, models=(replayed,)), ADAPTER))
    decision = decide(*sides, GatePolicy(max_memory_increase=0.1))
    assert decision.outcome is GateOutcome.PASS
    assert "Memory was not measured on both sides" in "\n".join(explanation(decision))


def test_another_budget_of_the_whole_run_that_is_newly_missed_is_told() -> None:
    before, after = pair(300)

    def lifting(run: RunRecord, rate: float) -> RunRecord:
        lift = BehaviorResult(ADAPTER, TASK, "repair_lift", budget=0.9, met=rate >= 0.9,
                              measured={"raw_rate": rate})  # fmt: skip
        return replace(run, results=(*run.results, lift))

    sides = (Side(lifting(before, 0.95), ADAPTER), Side(lifting(after, 0.8), ADAPTER))
    decision = decide(*sides, GatePolicy())
    assert decision.outcome is GateOutcome.PASS
    assert (
        "Newly missed over the whole run, not decided upon: repair_lift was 95.0% and is 80.0%, "
        "at least 90%."
    ) in list(explanation(decision))


@pytest.mark.parametrize(
    ("slow", "outcome", "reason"),
    [
        (1, GateOutcome.PASS, Reason.BOUNDED),
        (3, GateOutcome.INCONCLUSIVE, Reason.SLOWNESS),
        (5, GateOutcome.REGRESSION, Reason.LATENCY),
    ],
)
def test_a_quarter_of_the_cases_ten_times_slower_is_seen_beside_an_equal_median(
    slow, outcome, reason
) -> None:
    before = times(20)
    run = session(before, [s * (10 if i < slow else 1) for i, s in enumerate(before)])
    decision = gate(run, max_latency_increase=0.1)
    (task,) = decision.tasks
    assert task.resources.latency.ratio.ratio == pytest.approx(1)
    assert (task.outcome, task.reason) == (outcome, reason)
    if outcome is GateOutcome.REGRESSION:
        assert "5 of 20 timed cases take more than 1.65 times as long" in sentence(decision)
