"""Kept skills in the gate: a margin of their own, and one line that says what else broke."""

from dataclasses import replace

import pytest

from harness.core.record import RunRecord
from harness.gate.decision import GateDecision, margin_of_all
from harness.gate.outcome import GateOutcome
from harness.gate.policy import GatePolicy
from harness.report.html import render
from harness.report.page.headlines import headline_of_report
from harness.report.report import report_on
from harness.report.words.decision import explanation
from tests.gating import gate, pair
from tests.synthetic import TASK


def named(run: RunRecord, task: str, *, kept: bool) -> RunRecord:
    """The run with its only task under another name."""
    return replace(
        run,
        tasks=tuple(replace(t, name=task, kept=kept) for t in run.tasks),
        samples=tuple(replace(s, task=task, case_id=f"{task}-{s.case_id}") for s in run.samples),
        results=tuple(replace(r, task=task) for r in run.results),
    )


def joined(*runs: RunRecord) -> RunRecord:
    first = runs[0]
    return replace(
        first,
        tasks=tuple(t for run in runs for t in run.tasks),
        samples=tuple(s for run in runs for s in run.samples),
        results=tuple(r for run in runs for r in run.results),
    )


def gated(skills: dict[str, dict[str, int]], **policy: object) -> GateDecision:
    """The decision on 300 unchanged cases of the trained task, and on kept skills of 60."""
    pairs = [pair(300), *(pair(60, **flips) for flips in skills.values())]
    names = [TASK, *skills]
    sides = [
        joined(*(named(p[side], n, kept=n != TASK) for p, n in zip(pairs, names, strict=True)))
        for side in (0, 1)
    ]
    return gate(*sides, **policy)


def kept_line(decision: GateDecision) -> str:
    return next(iter(explanation(decision)))


def test_sixty_cases_of_a_kept_skill_pass_where_those_of_a_task_do_not():
    before, after = pair(60)
    assert gate(before, after).outcome is GateOutcome.INCONCLUSIVE
    kept = [named(run, "kept_plain", kept=True) for run in (before, after)]
    assert gate(*kept).outcome is GateOutcome.PASS
    assert gate(*kept, kept_margin=0.04).outcome is GateOutcome.INCONCLUSIVE


def test_a_wider_margin_holds_for_kept_skills_too():
    kept = [named(run, "kept_plain", kept=True) for run in pair(60, broke=3, fixed=2)]
    assert gate(*kept).outcome is GateOutcome.INCONCLUSIVE
    assert gate(*kept, margin=0.3).outcome is GateOutcome.PASS
    assert GatePolicy().anchored.for_task(is_kept=True).margin == 0.1


def test_a_skill_that_is_lost_is_a_regression_whatever_the_task_does():
    found = gated({"kept_format": {"broke": 30}, "kept_plain": {}})
    assert found.outcome is GateOutcome.REGRESSION
    assert found.tasks[0].task == "kept_format"
    assert kept_line(found) == (
        "What else broke, of 2 kept skills (margin 10 points): kept_format, 100.0% to 50.0%. "
        "Held: kept_plain, 100.0% on both sides."
    )


def test_the_page_opens_with_the_line():
    found = gated({"kept_format": {"broke": 30}, "kept_plain": {}})
    report = report_on(found.before.record, found.after.record, policy=found.policy)
    headline = headline_of_report(report)
    assert headline is not None
    assert headline.kept == (kept_line(found),)
    assert headline.kept[0] in render(report)


def test_nothing_that_broke_is_said_and_so_is_what_is_not_decided():
    assert kept_line(gated({"kept_format": {}, "kept_plain": {}})) == (
        "What else broke, of 2 kept skills (margin 10 points): nothing. "
        "Held: kept_format, 100.0% on both sides; kept_plain, 100.0% on both sides."
    )
    found = gated({"kept_plain": {"broke": 4, "fixed": 2}})
    assert found.outcome is GateOutcome.INCONCLUSIVE
    assert kept_line(found) == (
        "What else broke, of 1 kept skill (margin 10 points): nothing for sure. "
        "Not decided: kept_plain, 96.7% to 93.3%."
    )
    assert not any(line.startswith("What else") for line in explanation(gated({})))


def test_a_skill_that_no_side_has_is_not_a_pass():
    found = gated({"kept_plain": {"failing": 60}})
    assert found.outcome is GateOutcome.INCONCLUSIVE
    assert "Not decided: kept_plain, 0.0% on both sides." in kept_line(found)


def test_the_accepted_drop_over_all_cases_is_that_of_the_tasks_together():
    """300 cases at 2 points and 60 at 10 accept a drop of 12 of 360 cases."""
    found = gated({"kept_plain": {}})
    assert margin_of_all(found.tasks, found.policy) == pytest.approx(12 / 360)


def test_a_kept_skill_that_the_run_before_lacks_is_refused_whatever_is_allowed():
    before, after = (named(run, TASK, kept=False) for run in pair(300))
    after = joined(after, named(pair(60)[1], "kept_plain", kept=True))
    found = gate(before, after, allow=("tasks",))
    assert found.outcome is GateOutcome.NOT_COMPARABLE
    assert [(u.kind, u.task) for u in found.refused] == [("empty", "kept_plain")]
    assert "run it with --task kept_plain, too" in found.refused[0].what
    assert gate(after, before, allow=("tasks",)).outcome is GateOutcome.PASS
