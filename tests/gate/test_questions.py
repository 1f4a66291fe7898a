"""Two questions: cases of these wordings, and wordings that nobody wrote yet."""

import pytest

from harness.core.verdict import FailureCode, Verdict
from harness.gate.outcome import GateOutcome, Reason
from harness.gate.policy import GatePolicy
from tests.gating import gate, of_templates, pair, with_verdicts

FAILED = Verdict.failed(FailureCode.WRONG_VALUE, "/name is another name")
PASSED = Verdict.passed()


def decided(templates: int, cases: int = 300, **changes: object):
    policy = {name: changes.pop(name) for name in ("scope", "margin") if name in changes}
    runs = (of_templates(run, templates) for run in pair(cases, **changes))
    (task,) = gate(*runs, **policy).tasks
    return task


@pytest.mark.parametrize("templates", [1, 2, 3, 16])
def test_a_model_that_lost_everything_is_a_regression_on_however_few_wordings(
    templates: int,
) -> None:
    task = decided(templates, broke=300)
    assert (task.outcome, task.reason) == (GateOutcome.REGRESSION, Reason.COMPOSITE)
    assert task.composite.interval.high == pytest.approx(1)


def test_three_of_sixteen_wordings_that_broke_whole_are_a_regression() -> None:
    task = decided(16, cases=304, broke=57)
    assert task.outcome is GateOutcome.REGRESSION


def test_a_pass_on_one_wording_says_nothing_about_others() -> None:
    task = decided(1, cases=149)
    assert task.outcome is GateOutcome.PASS
    assert not task.wordings.is_enough
    assert task.wordings.interval.high > 0.9
    assert task.wordings.needed == 59


@pytest.mark.parametrize(
    ("templates", "outcome"), [(16, GateOutcome.INCONCLUSIVE), (58, GateOutcome.INCONCLUSIVE),
                               (60, GateOutcome.PASS), (300, GateOutcome.PASS)]
)  # fmt: skip
def test_the_scope_new_asks_for_enough_wordings(templates: int, outcome: GateOutcome) -> None:
    task = decided(templates, scope="new")
    assert task.outcome is outcome
    if outcome is GateOutcome.INCONCLUSIVE:
        assert task.reason is Reason.WORDING_MARGIN
    assert decided(templates).outcome is GateOutcome.PASS


def test_fewer_than_sixteen_wordings_claim_nothing_about_new_ones() -> None:
    policy = GatePolicy(scope="new")
    for broke in (0, 300):
        wordings = decided(15, broke=broke).wordings
        assert not wordings.is_regression(policy)
        assert not wordings.is_bounded(policy)


def test_cases_without_a_template_are_their_own_wordings() -> None:
    (task,) = gate(*pair(300), scope="new").tasks
    assert task.wordings is None
    assert task.outcome is GateOutcome.PASS


def test_a_drop_inside_the_margin_passes_and_is_said() -> None:
    (task,) = gate(*pair(5_000, broke=44, fixed=10)).tasks
    assert task.composite.interval.low > 0
    assert (task.outcome, task.reason) == (GateOutcome.PASS, Reason.WITHIN)


def test_a_trade_off_between_required_behaviors_is_a_regression() -> None:
    """A from 70 to 100%, B from 100 to 70% on the same cases: no case flips altogether."""
    before, after = pair(300)
    low, high = [FAILED] * 90 + [PASSED] * 210, [PASSED] * 300
    before = with_verdicts(with_verdicts(before, "json_validity", low), "schema_types", high)
    after = with_verdicts(with_verdicts(after, "json_validity", high), "schema_types", low)
    (task,) = gate(before, after).tasks
    assert task.composite.is_unchanged
    assert (task.outcome, task.reason) == (GateOutcome.REGRESSION, Reason.BEHAVIOR)
    assert [b.behavior for b in task.fallen(GatePolicy())] == ["schema_types"]


def test_a_small_trade_off_is_at_least_no_pass() -> None:
    before, after = pair(300)
    before = with_verdicts(before, "json_validity", [FAILED] * 6 + [PASSED] * 294)
    after = with_verdicts(after, "schema_types", [FAILED] * 6 + [PASSED] * 294)
    (task,) = gate(before, after).tasks
    assert task.outcome is not GateOutcome.PASS


def test_a_behavior_that_nobody_requires_and_that_fell_on_few_wordings() -> None:
    """From 100 to 29% over 10 of 16 wordings."""
    before, after = (of_templates(with_verdicts(r, "exact", [PASSED] * 304), 16) for r in pair(304))
    (task,) = gate(before, with_verdicts(after, "exact", [FAILED] * 190 + [PASSED] * 114)).tasks
    assert (task.outcome, task.reason) == (GateOutcome.REGRESSION, Reason.BEHAVIOR)


def test_nine_of_three_hundred_in_a_behavior_that_nobody_requires_are_seen() -> None:
    before, after = (with_verdicts(run, "exact", [PASSED] * 300) for run in pair(300))
    (task,) = gate(before, with_verdicts(after, "exact", [FAILED] * 9 + [PASSED] * 291)).tasks
    assert task.outcome is GateOutcome.REGRESSION


def test_more_answers_do_not_make_the_gate_stricter() -> None:
    """Answers that vary at temperature 0.7, two cases in three hundred a side: with eight answers
    to each case the interval is narrower than with one."""
    from dataclasses import replace
    from random import Random

    from tests.gating import FIRST, SECOND, run_of

    def side(run_id: str, repeats: int, seed: int):
        rng = Random(seed)
        runs = [run_of([rng.random() < 0.98 for _ in range(300)], run_id) for _ in range(repeats)]
        samples = (replace(s, repeat=k) for k, run in enumerate(runs) for s in run.samples)
        return replace(runs[0], samples=tuple(samples))

    widths = {}
    for repeats in (1, 8):
        (task,) = gate(side(FIRST, repeats, 1), side(SECOND, repeats, 2)).tasks
        ends = task.composite.interval
        widths[repeats] = ends.high - ends.low
    assert widths[8] < 0.5 * widths[1]


def test_many_tasks_that_each_fell_a_little_are_one_regression() -> None:
    from dataclasses import replace

    from tests.synthetic import TASK

    def all_tasks(run):
        names = [TASK, "b", "c", "d"]
        samples = tuple(replace(s, task=name) for name in names for s in run.samples)
        tasks = tuple(replace(run.tasks[0], name=name) for name in names)
        return replace(run, samples=samples, tasks=tasks)

    decision = gate(*(all_tasks(run) for run in pair(300, broke=9, fixed=3)))
    assert decision.pooled.broke == 36
    assert all(task.outcome is GateOutcome.INCONCLUSIVE for task in decision.tasks)
    assert decision.outcome is GateOutcome.REGRESSION
    from harness.report.words.decision import sentence

    assert sentence(decision).startswith(
        "REGRESSION: over the cases of all 4 tasks format_success_rate fell from 99.0% to 97.0%"
    )
