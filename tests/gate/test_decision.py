"""The gate's outcomes, their reasons, and the runs that never pass."""

from dataclasses import replace

import pytest

from harness.core.record import RunRecord, Sample
from harness.core.verdict import FailureCode, Verdict
from harness.gate.compare import Side
from harness.gate.decision import decide, regressed_cases
from harness.gate.outcome import GateOutcome, Reason
from harness.gate.policy import GatePolicy
from tests.gating import FIRST, SECOND, answered, gate, pair, run_of
from tests.synthetic import ADAPTER, BASE, TASK, broken, record_of, sample, values


def changed(run: RunRecord, case: int, **changes: object) -> RunRecord:
    """The run with another value in the sample of one case."""
    samples = [*run.samples]
    samples[case] = replace(samples[case], **changes)
    return replace(run, samples=tuple(samples))


@pytest.mark.parametrize(
    ("cases", "flips", "outcome", "code"),
    [
        (300, {"broke": 14, "fixed": 4, "failing": 7}, GateOutcome.REGRESSION, 1),
        (300, {"broke": 2, "fixed": 258}, GateOutcome.PASS, 0),
        (300, {}, GateOutcome.PASS, 0),
        (149, {}, GateOutcome.PASS, 0),
        (148, {}, GateOutcome.INCONCLUSIVE, 10),
        (30, {}, GateOutcome.INCONCLUSIVE, 10),
        (300, {"broke": 5, "fixed": 4}, GateOutcome.INCONCLUSIVE, 10),
        (100, {"broke": 5, "fixed": 1}, GateOutcome.INCONCLUSIVE, 10),
        (40, {"broke": 12}, GateOutcome.REGRESSION, 1),
    ],
)
def test_decisions(cases: int, flips: dict[str, int], outcome: GateOutcome, code: int) -> None:
    decision = gate(*pair(cases, **flips))
    assert (decision.outcome, decision.exit_code) == (outcome, code)


def test_thirty_cases_without_a_flip_need_149() -> None:
    (task,) = gate(*pair(30)).tasks
    assert task.reason is Reason.MARGIN
    assert task.cases_needed == 149
    assert task.composite.interval.high == pytest.approx(0.095, abs=5e-4)
    assert task.is_saturated


def test_a_wider_margin_passes_with_fewer_cases_but_never_with_very_few() -> None:
    assert gate(*pair(31), margin=0.1).outcome is GateOutcome.PASS
    found = gate(*pair(20), margin=0.5)
    assert found.outcome is GateOutcome.INCONCLUSIVE
    assert found.tasks[0].reason is Reason.FEW_CASES


def test_a_model_against_itself_passes_without_a_flip() -> None:
    run = run_of([True] * 200 + [False] * 100, FIRST)
    (task,) = gate(run, run).tasks
    assert task.outcome is GateOutcome.PASS
    assert task.composite.is_unchanged
    assert not task.is_saturated


def test_nothing_that_passes_cannot_break() -> None:
    (task,) = gate(*pair(300, failing=300)).tasks
    assert task.outcome is GateOutcome.INCONCLUSIVE
    assert task.reason is Reason.NOTHING_PASSES
    assert task.cases_needed is None


def test_a_pinned_case_that_breaks_is_a_regression_whatever_the_rates_say() -> None:
    before, after = pair(300, broke=1, fixed=40)
    before = changed(before, 0, must_pass=True)
    after = changed(after, 0, must_pass=True)
    (task,) = gate(before, after).tasks
    assert (task.outcome, task.reason) == (GateOutcome.REGRESSION, Reason.PINNED)
    assert task.pinned == (before.samples[0].case_id,)
    assert regressed_cases(task)[0].sample.must_pass


def test_a_pinned_case_must_pass_although_it_failed_before_too() -> None:
    before, after = pair(300, failing=1)
    assert gate(before, after).outcome is GateOutcome.PASS
    after = changed(after, 0, must_pass=True)
    decision = gate(before, after)
    (task,) = decision.tasks
    assert (task.outcome, task.reason) == (GateOutcome.REGRESSION, Reason.PINNED_FAILING)
    assert (task.pinned, task.pinned_failing) == ((), (before.samples[0].case_id,))


def test_a_behavior_that_nobody_requires_can_regress() -> None:
    before, after = pair(300)
    wrong = Verdict.failed(FailureCode.WRONG_VALUE, "/name is another name")

    def with_more(run: RunRecord, failing: int) -> RunRecord:
        samples = tuple(
            replace(s, verdicts={**s.verdicts, "exact": wrong if i < failing else Verdict.passed()})
            for i, s in enumerate(run.samples)
        )
        return replace(run, samples=samples)

    (task,) = gate(with_more(before, 0), with_more(after, 40)).tasks
    assert (task.outcome, task.reason) == (GateOutcome.REGRESSION, Reason.BEHAVIOR)
    assert [b.behavior for b in task.fallen(GatePolicy())] == ["exact"]
    # What a family of five behaviors may show by chance is none.
    (task,) = gate(with_more(before, 0), with_more(after, 5)).tasks
    assert task.outcome is GateOutcome.PASS


def test_a_gain_of_one_behavior_does_not_pay_for_the_loss_of_another() -> None:
    """100 cases are mended altogether; 40 that failed otherwise fail one behavior more."""
    before, after = pair(300, fixed=100, failing=60)
    loop = Verdict.failed(FailureCode.NUMBER_AS_STRING, "/amount is a string")
    samples = tuple(
        replace(s, verdicts={**s.verdicts, "schema_types": loop}) if 100 <= i < 140 else s
        for i, s in enumerate(after.samples)
    )
    (task,) = gate(before, replace(after, samples=samples)).tasks
    assert (task.outcome, task.reason) == (GateOutcome.REGRESSION, Reason.BEHAVIOR)
    assert [b.behavior for b in task.fallen(GatePolicy())] == ["schema_types"]


def test_answers_to_one_case_are_averaged_and_never_counted_as_cases() -> None:
    def repeated(run: RunRecord, times: int) -> RunRecord:
        samples = (replace(s, repeat=k) for s in run.samples for k in range(times))
        return replace(run, samples=tuple(samples))

    before, after = pair(200, broke=6)
    once = gate(before, after).tasks[0].composite
    fourfold = gate(repeated(before, 4), repeated(after, 4)).tasks[0].composite
    assert (fourfold.pairs, fourfold.repeats) == (200, 4)
    assert (fourfold.broke, fourfold.before, fourfold.after) == (6, once.before, once.after)
    assert fourfold.p_value == pytest.approx(once.p_value)
    assert fourfold.interval == once.interval


def test_a_regression_does_not_rest_on_fewer_flips_than_noise_brings() -> None:
    """Of 300 cases 5% flip against themselves, 15 cases: five that broke could have been fixed as
    well. Twenty that broke and none that was fixed are no noise."""
    before, after = pair(300, broke=5)
    assert gate(before, after, margin=0.03).outcome is GateOutcome.REGRESSION
    (task,) = gate(before, after, margin=0.03, noise_floor=0.05).tasks
    assert (task.outcome, task.reason) == (GateOutcome.INCONCLUSIVE, Reason.MARGIN)
    assert gate(*pair(300, broke=20), noise_floor=0.05).outcome is GateOutcome.REGRESSION


def test_a_newly_missed_memory_budget_is_a_regression_and_latency_is_only_said() -> None:
    before, after = pair(300)

    def measuring(run: RunRecord, behavior: str, name: str, value: float) -> RunRecord:
        results = tuple(
            replace(r, measured={name: value}, met=value <= (r.budget or 0))
            if r.behavior == behavior else r
            for r in run.results
        )  # fmt: skip
        return replace(run, results=results)

    bigger = measuring(after, "memory_budget", "peak_memory_mb", 1_612.0)
    (task,) = gate(before, bigger).tasks
    assert (task.outcome, task.reason) == (GateOutcome.REGRESSION, Reason.MEMORY)
    slower = measuring(after, "latency_budget", "p95_seconds", 2.4)
    (task,) = gate(before, slower).tasks
    assert task.outcome is GateOutcome.PASS
    assert [c.behavior for c in task.resources.budgets_lost] == ["latency_budget"]
    # Missed before as well: nothing was lost.
    missed = measuring(before, "memory_budget", "peak_memory_mb", 1_700.0)
    assert gate(missed, bigger).outcome is GateOutcome.PASS


@pytest.mark.parametrize("side", [0, 1])
def test_a_partial_run_is_refused_and_cannot_be_allowed(side: int) -> None:
    runs = [*pair(300)]
    runs[side] = replace(runs[side], status="partial")
    decision = gate(*runs, allow=["cases", "tasks"])
    assert decision.exit_code == 11
    assert [u.kind for u in decision.refused] == ["partial"]


def test_an_empty_run_is_refused() -> None:
    before, after = pair(300)
    decision = gate(before, replace(after, samples=()))
    assert decision.exit_code == 11
    assert "empty" in {u.kind for u in decision.refused}
    decision = gate(before, replace(after, samples=(), tasks=()))
    assert decision.exit_code == 11
    assert decide(Side(before, ADAPTER), Side(after, BASE), GatePolicy()).exit_code == 11


def test_too_many_errors_cannot_be_judged() -> None:
    def with_errors(run: RunRecord, count: int) -> RunRecord:
        found: list[Sample] = [
            sample(ADAPTER, i, value, broken(value)) for i, value in enumerate(values(count), 1)
        ]
        mended = [replace(s, template="") for s in found]
        return replace(run, samples=(*mended, *run.samples[count:]))

    before, after = pair(300)
    decision = gate(before, with_errors(after, 7))
    assert decision.exit_code == 11
    assert [u.kind for u in decision.refused] == ["errors"]
    assert gate(before, with_errors(after, 7), max_errors=0.05).exit_code == 10
    (task,) = gate(before, with_errors(after, 6)).tasks
    assert (task.outcome, task.reason) == (GateOutcome.INCONCLUSIVE, Reason.UNJUDGED)
    assert (task.composite.pairs, task.composite.not_judged, task.composite.lost) == (294, 6, 6)


def test_with_several_tasks_the_worst_decides() -> None:
    def two(fine: RunRecord, other: RunRecord) -> RunRecord:
        moved = tuple(replace(s, task="other") for s in other.samples)
        described = (*fine.tasks, replace(other.tasks[0], name="other"))
        return replace(fine, samples=(*fine.samples, *moved), tasks=described)

    runs = [two(*sides) for sides in zip(pair(300), pair(300, broke=14), strict=True)]
    decision = gate(*runs)
    assert decision.outcome is GateOutcome.REGRESSION
    assert [t.task for t in decision.tasks] == ["other", TASK]
    worst = decision.tasks[0].composite
    # Half of the tail is Holm's, of which the first of two tasks gets half.
    assert worst.level == pytest.approx(0.03 / 2 / 2)


def test_the_same_pair_is_decided_the_same() -> None:
    runs = pair(120, broke=3, fixed=1, templates=True)
    assert gate(*runs) == gate(*runs)


def test_a_run_against_another_model_of_the_same_run() -> None:
    before = answered([False] * 290 + [True] * 10)
    base = [replace(s, model=BASE) for s in before]
    run = record_of([(BASE, base), (ADAPTER, answered([True] * 300))], run_id=SECOND)
    decision = decide(Side(run, BASE), Side(run, ADAPTER), GatePolicy())
    assert decision.outcome is GateOutcome.PASS
    assert decision.tasks[0].composite.fixed == 290
