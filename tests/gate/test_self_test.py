"""The self-test decides as the gate does, and counts what it injects."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from harness.core.record import RunRecord, Sample
from harness.core.verdict import FailureCode, Verdict
from harness.gate.compare import Side
from harness.gate.decision import decide
from harness.gate.outcome import GateOutcome
from harness.gate.planning import Assumptions, outcomes
from harness.gate.policy import GatePolicy
from harness.gate.self_test import Cell, Injection, Suite, default_draws, halves, self_test
from harness.report.words.self_test import rates
from harness.stats.means import weighted_mean
from tests.gate.test_graded import NAME, graded
from tests.gating import FIRST, of_templates, pair, run_of, with_verdicts
from tests.synthetic import ADAPTER, TASK

POLICY = GatePolicy()
DROPS = (0.01, 0.03, 0.1)


def sides(before: RunRecord, after: RunRecord) -> tuple[Side, Side]:
    return Side(before, ADAPTER), Side(after, ADAPTER)


def suite_of(before: RunRecord, after: RunRecord, flips: float | None = None) -> Suite:
    decision = decide(*sides(before, after), POLICY)
    return Suite([task.comparison for task in decision.tasks], flips)


def decided(suite: Suite, chosen: Sequence, runs: Sequence[RunRecord], policy: GatePolicy):
    """The gate's decision on records with a draw's answers."""
    answers: list[list[Sample]] = [[], []]
    for task, own in zip(suite.tasks, chosen, strict=True):
        for case in task.drawn(own):
            answers[0].append(case.before)
            answers[1].append(case.after)
    drawn = [replace(r, samples=tuple(a)) for r, a in zip(runs, answers, strict=True)]
    return decide(*sides(*drawn), policy)


def with_extras(run: RunRecord) -> RunRecord:
    """The run with a pinned case, a skipped and an erroneous verdict, and a behavior that is not
    required and that the first case alone lacks."""
    error = Verdict.error(FailureCode.BACKEND_ERROR, "killed")
    count = len(run.samples)
    run = with_verdicts(
        run, "schema_types", [Verdict.skipped("none")] + [Verdict.passed()] * (count - 1)
    )
    run = with_verdicts(run, "extra", [None, error] + [Verdict.passed()] * (count - 2))
    return pinned(run, 60)


def pinned(run: RunRecord, case: int) -> RunRecord:
    found = replace(run.samples[case], must_pass=True)
    return replace(run, samples=(*run.samples[:case], found, *run.samples[case + 1 :]))


def several_tasks(run: RunRecord) -> RunRecord:
    """The run with its task twice, the second of them with half of the cases."""
    other = [replace(s, task="other") for s in run.samples[::2]]
    tasks = (*run.tasks, replace(run.tasks[0], name="other"))
    return replace(run, samples=(*run.samples, *other), tasks=tasks)


def with_kept(run: RunRecord, cases: int = 60) -> RunRecord:
    """The run with a kept skill of ``cases`` beside its task."""
    other = [replace(s, task="kept_plain") for s in run.samples[-cases:]]
    tasks = (*run.tasks, replace(run.tasks[0], name="kept_plain", kept=True))
    return replace(run, samples=(*run.samples, *other), tasks=tasks)


def answered_twice(run: RunRecord) -> RunRecord:
    again = tuple(replace(s, repeat=1) for s in run.samples)
    return replace(run, samples=(*run.samples, *again))


def with_shares(run: RunRecord) -> RunRecord:
    """The run with a graded behavior that has a budget, with other shares in the second run than in
    the first, one answer that is not judged, one without a grade, and weights."""
    offset = int(run.id != FIRST)
    found = [graded(5 - (i + offset) % 3) for i in range(len(run.samples))]
    found[3:6] = [Verdict.skipped("x"), Verdict.failed(FailureCode.ASSERTION, "x"), None]
    run = with_verdicts(run, NAME, found)
    samples = (replace(s, weight=1.0 + i % 2) for i, s in enumerate(run.samples))
    (task,) = run.tasks
    budgets = {**task.budgets, NAME: 0.5}
    return replace(run, samples=tuple(samples), tasks=(replace(task, budgets=budgets),))


def with_required_shares(run: RunRecord) -> RunRecord:
    """The run with a graded behavior that is required: its cases pass where the share is 1."""
    run = with_verdicts(run, NAME, [graded(5)] * 150 + [graded(3)] * (len(run.samples) - 150))
    (task,) = run.tasks
    return replace(run, tasks=(replace(task, required=(*task.required, NAME)),))


SUITES = {
    "plain": (lambda run: run),
    "wordings": (lambda run: of_templates(run, 20)),
    "extras": with_extras,
    "tasks": several_tasks,
    "kept": with_kept,
    "repeats": answered_twice,
    "shares": with_shares,
    "required shares": with_required_shares,
    "shares of repeats": (lambda run: answered_twice(with_shares(run))),
}


@pytest.mark.parametrize("flips", [None, 0.03])
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n == "shares of repeats")) for n in SUITES]
)
def test_the_self_test_decides_as_the_gate_does_on_such_records(name, flips):
    """Each kind and size of loss, drawn twice, and the draw without any."""
    runs = [SUITES[name](run) for run in pair(200, broke=2, fixed=3, failing=20)]
    suite, rng = suite_of(*runs, flips), np.random.default_rng(4)
    cells = [Cell(None, 0.0, 1), *(Cell(kind, d, 1) for kind in Injection for d in DROPS)]
    seen = set()
    for i, cell in enumerate([*cells, *cells]):
        chosen, _ = suite.draw(rng, cell, i % len(suite.tasks))
        found = suite.decision(chosen, POLICY)
        assert found is decided(suite, chosen, runs, POLICY).outcome, cell
        seen.add(found)
    assert len(seen) >= 3


def test_a_pinned_case_that_fails_on_both_sides_is_a_regression_of_every_draw():
    runs = [pinned(run, 7) for run in pair(200, broke=2, fixed=3, failing=20)]
    suite, rng = suite_of(*runs, None), np.random.default_rng(4)
    for cell in (Cell(None, 0.0, 1), Cell(Injection.WORDINGS, DROPS[0], 1)):
        chosen, _ = suite.draw(rng, cell, 0)
        found = suite.decision(chosen, POLICY)
        assert found is decided(suite, chosen, runs, POLICY).outcome is GateOutcome.REGRESSION


def test_new_wordings_are_asked_as_the_policy_says():
    runs = [of_templates(run, 70) for run in pair(280)]
    policy = GatePolicy(scope="new")
    suite, rng = suite_of(*runs), np.random.default_rng(1)
    for drop in DROPS:
        chosen, _ = suite.draw(rng, Cell(Injection.WORDINGS, drop, 1), 0)
        expected = decided(suite, chosen, runs, policy).outcome
        assert suite.decision(chosen, policy) is expected


def test_skips_and_errors_of_what_was_judged_never_pass():
    found = self_test(suite_of(*pair(200)), POLICY, draws=8)
    for kind in (Injection.SKIPS, Injection.ERRORS):
        cells = found.of_kind(kind)
        assert cells
        for cell in cells:
            assert cell.losing == cell.draws
            assert cell.passes == cell.false_passes == 0


def test_an_unchanged_model_without_flips_is_never_an_alarm_and_a_large_drop_always_one():
    found = self_test(suite_of(*pair(200)), POLICY, draws=8)
    assert found.unchanged.regressions == 0
    assert found.unchanged.passes == found.unchanged.draws == 24
    (largest,) = (cell for cell in found.of_kind(Injection.CASES) if cell.drop == 0.1)
    assert largest.regressions == largest.losing == 8


def test_the_plan_for_so_many_cases_is_what_the_self_test_measures():
    """Of 200 draws a share of a half has a standard error of 3.5 points."""
    suite, rng, found = suite_of(*pair(300), flips=0.02), np.random.default_rng(5), []
    for drop in (0.0, 0.03):
        cell = Cell(Injection.CASES if drop else None, drop, 1)
        draws = [suite.decision(suite.draw(rng, cell, 0)[0], POLICY) for _ in range(200)]
        found += [draws.count(GateOutcome.PASS) / 200, draws.count(GateOutcome.REGRESSION) / 200]
    unchanged, lost = (outcomes(300, drop, POLICY, Assumptions()) for drop in (0.0, 0.03))
    assert found == pytest.approx([*unchanged, *lost], abs=0.1)


def test_lowered_shares_have_the_drop_that_they_were_drawn_with():
    """Weights count, and cases that are not judged count as cases that lost nothing."""
    runs = [with_shares(run) for run in pair(200)]
    suite, rng = suite_of(*runs), np.random.default_rng(2)
    assert suite.lowered == [0]
    cell = Cell(Injection.SHARES, 0.1, 1)
    lost, fell = [], []
    for _ in range(200):
        chosen, drawn = suite.draw(rng, cell, 0)
        found = suite.tasks[0].shares[NAME].cases(chosen[0])
        assert len(found.before) == 198
        lost.append(drawn)
        fell.append(weighted_mean(found.differences, found.weights) * 198 / 200)
    assert np.mean(lost) == pytest.approx(0.1, abs=0.005)
    assert np.mean(fell) == pytest.approx(0.1, abs=0.005), "the sides trade places alike"


def test_shares_that_no_pass_depends_on_are_not_lowered():
    found = self_test(suite_of(*pair(100)), POLICY, draws=2)
    assert found.of_kind(Injection.SHARES) == ()
    runs = [with_verdicts(run, NAME, [graded(4)] * 100) for run in pair(100)]
    assert self_test(suite_of(*runs), POLICY, draws=2).of_kind(Injection.SHARES) == ()


def test_a_large_fall_of_shares_is_an_alarm_and_an_unchanged_share_is_none():
    runs = [with_shares(run) for run in pair(200)]
    same = [replace(runs[0], id=run.id) for run in runs]
    found = self_test(suite_of(*same), POLICY, draws=4)
    assert found.unchanged.regressions == 0
    cells = {cell.drop: cell for cell in found.of_kind(Injection.SHARES)}
    assert cells[0.1].regressions == cells[0.1].losing == cells[0.1].draws == 4
    assert sum(cell.false_passes for cell in cells.values()) == 0
    assert "false pass: 2 points, by share" in [row[0] for row in rates(found)]


def test_a_seed_gives_the_same_numbers_and_another_one_others():
    suite = suite_of(*pair(100, broke=3, fixed=3))
    first, again, other = (self_test(suite, POLICY, draws=10, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.cells != other.cells


def test_the_sides_trade_places_wording_by_wording():
    """All 5 cases of the first wording broke: they count as broken or as fixed, all at once."""
    runs = [of_templates(run, 20) for run in pair(100, broke=5)]
    suite, rng, seen = suite_of(*runs), np.random.default_rng(2), set()
    for _ in range(20):
        chosen, _ = suite.draw(rng, Cell(None, 0.0, 1), 0)
        seen.add(sum(suite.tasks[0].pairs(chosen[0]).composite.differences))
    assert seen == {5, -5}


def test_assumed_flips_go_each_way_alike():
    suite, rng = suite_of(*pair(400), flips=0.1), np.random.default_rng(2)
    broke = fixed = 0
    for _ in range(50):
        chosen, _ = suite.draw(rng, Cell(None, 0.0, 1), 0)
        differences = suite.tasks[0].pairs(chosen[0]).composite.differences
        broke, fixed = broke + differences.count(1), fixed + differences.count(-1)
    assert (broke + fixed) / 20_000 == pytest.approx(0.1, abs=0.01)
    assert broke / (broke + fixed) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("kind", [Injection.CASES, Injection.WORDINGS])
def test_the_drop_is_that_of_all_cases_though_some_cannot_break(kind):
    runs = [of_templates(run, 50) for run in pair(200, failing=100)]
    suite, rng = suite_of(*runs), np.random.default_rng(2)
    lost = [suite.draw(rng, Cell(kind, 0.1, 1), 0)[1] for _ in range(200)]
    assert np.mean(lost) == pytest.approx(0.1, abs=0.01)


def test_a_suite_is_not_asked_for_more_than_it_passes():
    found = self_test(suite_of(*pair(100, failing=97)), POLICY, draws=2)
    assert {cell.drop for cell in found.cells} == {0.01, 0.02, 0.03}
    assert self_test(suite_of(*pair(100, failing=100)), POLICY, draws=2).cells == ()


def test_halves_of_the_answers_are_two_sides():
    """Of three answers the third is left out: both sides need as many."""
    run = run_of([True, False], FIRST)
    more = [replace(s, repeat=i) for i in (1, 2) for s in run.samples]
    before, after = halves(Side(replace(run, samples=(*run.samples, *more)), ADAPTER))
    assert [len(side.record.samples) for side in (before, after)] == [2, 2]
    assert {s.repeat for s in after.record.samples} == {0}
    assert halves(Side(run, ADAPTER)) is None


def test_a_kept_skill_loses_apart_and_is_held_to_its_own_margin():
    """60 cases without a flip bound a drop at 4.9 points: more than 2, less than 10."""
    runs = [with_kept(run) for run in pair(160)]
    found = self_test(suite_of(*runs), POLICY, draws=8)
    assert [(t.task, t.is_kept) for t in found.tasks] == [(TASK, False), ("kept_plain", True)]
    assert found.unchanged.passes == found.unchanged.draws
    of_kept = {c.drop: c for c in found.of_kind(Injection.CASES, is_kept=True)}
    of_task = {c.drop: c for c in found.of_kind(Injection.CASES)}
    assert of_kept[0.03].losing == 0, "a loss within the margin of ten points may pass"
    assert of_task[0.03].losing == of_kept[0.1].losing == 8
    labels = [row[0] for row in rates(found)]
    first = labels.index("where a kept skill loses")
    assert "false pass: 2 points, by case" in labels[:first]
    assert "false pass: 10 points, by case" in labels[first:]


def test_a_margin_of_kept_skills_is_among_their_sizes_alone():
    runs = [with_kept(run) for run in pair(100)]
    found = self_test(suite_of(*runs), GatePolicy(kept_margin=0.15), draws=2)
    assert 0.15 in {c.drop for c in found.cells if c.is_kept}
    assert 0.15 not in {c.drop for c in found.cells if not c.is_kept}


def test_large_suites_are_drawn_less_often():
    assert default_draws(30) == default_draws(300) == 200
    assert default_draws(1_000) == 60
    assert default_draws(100_000) == 20


def test_tasks_are_counted_with_their_wordings():
    runs = [of_templates(run, 20) for run in pair(100)]
    found = self_test(suite_of(*runs), POLICY, draws=1)
    assert found.tasks == ((TASK, 100, 20, False),)


def test_answers_that_are_errors_refuse_the_comparison():
    suite = suite_of(*pair(100))
    chosen, _ = suite.draw(np.random.default_rng(1), Cell(Injection.ERRORS, 0.1, 1), 0)
    assert suite.decision(chosen, POLICY) is GateOutcome.NOT_COMPARABLE
    lenient = GatePolicy(max_errors=0.5)
    assert suite.decision(chosen, lenient) is GateOutcome.INCONCLUSIVE
