"""Planned sizes agree with the gate: with its functions, and with its decisions on drawn suites."""

from dataclasses import replace

import numpy as np
import pytest

from harness.gate.compare import Side
from harness.gate.evidence import PairedCases, paired_test
from harness.gate.planning import (
    CASES,
    Assumptions,
    OwnTask,
    cases_to_pass,
    cases_to_see,
    observed,
    outcomes,
    plan_of,
    sight,
)
from harness.gate.policy import GatePolicy
from harness.stats.power import cases_to_decide, detection_power, smallest_detectable_drop
from harness.stats.wordings import unseen_drop
from tests.gating import FIRST, SECOND, of_templates, pair, run_of
from tests.synthetic import ADAPTER

POLICY = GatePolicy()


def side(run) -> Side:
    return Side(run, ADAPTER)


def test_an_unchanged_model_passes_with_the_cases_that_are_planned():
    """The gate says of 2% flips, 1% each way, that 80% of suites of this size decide."""
    needed = cases_to_pass(POLICY, Assumptions())
    assert needed is not None
    assert outcomes(needed, 0, POLICY, Assumptions()).passes >= 0.8
    assert outcomes(needed - 30, 0, POLICY, Assumptions()).passes < 0.8
    decide = cases_to_decide(0.01, 0.01, POLICY.margin, POLICY.tails)
    assert decide is not None
    assert decide <= needed <= 1.1 * decide


def test_without_a_flip_149_cases_pass_and_never_fewer_than_the_policys_least():
    still = Assumptions(flips=0.0)
    assert cases_to_pass(POLICY, still) == 149
    assert cases_to_pass(GatePolicy(margin=0.2), still) == 30
    assert cases_to_pass(GatePolicy(margin=0.2), Assumptions()) == 30


def test_a_drop_is_seen_with_the_cases_that_are_planned_and_one_within_the_margin_never():
    needed = cases_to_see(0.05, POLICY, Assumptions())
    assert needed is not None
    assert detection_power(needed, 0.06, 0.01, POLICY.tails.low) >= 0.8
    assert cases_to_see(0.01, POLICY, Assumptions()) is None


@pytest.mark.parametrize("tasks", [1, 2, 8])
def test_several_tasks_share_one_level_as_in_a_decision(tasks):
    assumed = Assumptions(tasks=tasks)
    tail = POLICY.tails.low if tasks == 1 else POLICY.tails.low / (2 * tasks)
    found = sight(300, POLICY, assumed)
    assert found.smallest_drop == smallest_detectable_drop(300, tail)
    assert found.unchanged_passes == pytest.approx(
        sight(300, POLICY, Assumptions()).unchanged_passes ** tasks
    )


def test_more_power_needs_more_cases_and_more_answers_fewer():
    usual = cases_to_pass(POLICY, Assumptions())
    assert cases_to_pass(POLICY, Assumptions(power=0.95)) > usual
    assert cases_to_pass(POLICY, Assumptions(repeats=4)) < usual
    assert (
        sight(300, POLICY, Assumptions(power=0.95)).smallest_drop
        > sight(300, POLICY, Assumptions()).smallest_drop
    )


@pytest.mark.parametrize(("repeats", "flips"), [(1, 0.02), (2, 0.1), (4, 0.02), (8, 0.02)])
def test_the_share_of_passes_by_the_gates_own_test_of_drawn_answers(repeats, flips):
    """Of twice ``flips`` of 300 cases each answer passes with probability a half."""
    rng, draws, cases, passes = np.random.default_rng(3), 300, 300, 0
    for _ in range(draws):
        unstable = rng.random(cases) < 2 * flips
        was, now = rng.binomial(repeats, np.where(unstable, 0.5, 1.0), (2, cases))
        found = paired_test("t", "b", _pairs(was, now, repeats), POLICY.tails)
        assert found is not None
        passes += found.interval.high < POLICY.margin
    planned = outcomes(cases, 0, POLICY, Assumptions(flips=flips, repeats=repeats)).passes
    assert passes / draws == pytest.approx(planned, abs=0.09)  # three standard errors


def _pairs(was, now, repeats):
    differences = tuple((was - now).tolist())
    names = tuple(map(str, range(len(differences))))
    return PairedCases(
        differences, names, differences, names, int(was.sum()), int(now.sum()), repeats
    )


def test_the_differences_of_several_answers_have_a_mean_square_of_a_share_of_the_flips():
    for repeats in (1, 3, 8):
        shares = Assumptions(flips=0.06, repeats=repeats).differences(0.0)
        assert sum(d * d * share for d, share in shares.items()) == pytest.approx(0.06 / repeats)
        assert sum(d * share for d, share in shares.items()) == pytest.approx(0)


def test_a_plan_holds_the_usual_sizes_and_the_users_own():
    plan = plan_of(POLICY, Assumptions(), 0.05, [OwnTask("a", 250, 18), OwnTask("b", None, 400)])
    assert [s.cases for s in plan.sights] == sorted({*CASES, 250})
    assert dict(plan.bounds)[18] == unseen_drop(18)
    assert plan.bounds[-1][0] == 400
    assert plan.wordings == 59
    assert plan.curve_cases == 250
    regressions = [found.regressions for _, found in plan.curve]
    assert regressions == sorted(regressions)
    assert plan_of(POLICY, Assumptions()).curve_cases == 300


def test_kept_skills_have_a_plan_with_their_own_margin():
    """60 cases pass within ten points where they never do within two."""
    own = [OwnTask("a", 300, 20), OwnTask("kept_plain", 60, 60, is_kept=True)]
    plan = plan_of(POLICY, Assumptions(tasks=2), None, own)
    assert plan.kept is not None
    assert (plan.policy.margin, plan.drop) == (0.02, 0.04)
    assert (plan.kept.policy.margin, plan.kept.drop) == (0.1, 0.2)
    assert (plan.own, plan.kept.own) == ((own[0],), (own[1],))
    assert plan.kept.cases_to_pass < 100 < 300 < plan.cases_to_pass
    assert {s.cases: s for s in plan.kept.sights}[60].unchanged_passes > 0.8
    assert sight(60, POLICY, Assumptions(tasks=2)).unchanged_passes < 0.2
    only = plan_of(POLICY, Assumptions(), None, own[1:])
    assert only.is_kept
    assert (only.policy.margin, only.kept) == (0.1, None)
    assert plan_of(POLICY, Assumptions(), None, own[:1]).kept is None


def test_a_drop_below_the_margin_is_never_shown_however_many_cases_there_are():
    assert smallest_detectable_drop(3_000, POLICY.tails.low) < 0.01
    assert sight(3_000, POLICY, Assumptions()).smallest_drop == 0.02
    kept = POLICY.for_task(is_kept=True)
    assert sight(300, kept, Assumptions()).smallest_drop == 0.1


def test_two_runs_of_one_model_show_its_flips_and_wordings():
    before, after = (of_templates(run, 20) for run in pair(100, broke=2, fixed=4))
    found = observed(side(before), side(after))
    assert found.flips == pytest.approx(0.06)
    assert found.tasks == (OwnTask("json_extraction", 100, 20),)
    kept = [replace(r, tasks=(replace(r.tasks[0], kept=True),)) for r in (before, after)]
    assert [t.is_kept for t in observed(*map(side, kept)).tasks] == [True]
    assert found.repeats == 1


def test_two_models_show_twice_the_flips_of_the_rarer_direction():
    before, after = pair(100, broke=14, fixed=2)
    other = replace(after.models[-1], weights_sha256="9" * 64)
    after = replace(after, models=(other,))
    assert observed(side(before), side(after)).flips == pytest.approx(0.04)


def test_repeats_of_one_run_show_how_often_two_answers_differ():
    """Of 4 cases one has 1 of 2 answers right: of two answers to it, one of two differs."""
    first, second = run_of([True] * 4, FIRST), run_of([True, True, True, False], SECOND)
    again = tuple(replace(s, repeat=1) for s in second.samples)
    run = replace(first, samples=(*first.samples, *again))
    found = observed(side(run), side(run))
    assert found.flips == pytest.approx(0.25)
    assert found.repeats == 2
    assert observed(side(first), side(first)).flips is None
