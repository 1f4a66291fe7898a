"""The tables of rates and of measured values as rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from harness.core.record import FORMAT_SUCCESS, BehaviorResult, TaskRecord
from harness.gate.compare import Side
from harness.gate.decision import GateDecision, TaskDecision
from harness.gate.evidence import PairedTest
from harness.report.page.charts.intervals import Point, interval_chart
from harness.report.page.labels import Label
from harness.report.report import Report
from harness.report.words import decision as decisions
from harness.report.words import numbers as words
from harness.report.words.right_answers import RIGHT_ANSWERS, order_of


class RateChange(NamedTuple):
    """From the rate before to the rate after; all empty where there is no pair."""

    points: str
    interval: str
    """In points, of the cases that both sides judged."""


@dataclass(frozen=True, slots=True)
class BehaviorRow:
    """One behavior, over the models of a pair or over all."""

    name: str
    is_headline: bool
    """The composite or the right answers."""
    results: tuple[BehaviorResult | None, ...]
    change: RateChange
    budget: str
    limit: float | None
    """The budget as a rate."""
    codes: tuple[str, ...]
    """One text for each model: ``markdown_fence 91, syntax 96``."""


@dataclass(frozen=True, slots=True)
class MeasuredRow:
    """One measured value, over all models."""

    name: str
    values: tuple[str, ...]
    results: tuple[BehaviorResult | None, ...]
    """Given where the budget limits this value."""
    budget: str


def behavior_rows(report: Report, task: str, sides: Sequence[Side]) -> tuple[BehaviorRow, ...]:
    """The composite, the right answers, then the behaviors in the order of the runs, with a result
    per side."""
    return tuple(_behavior_row(report, task, name, sides) for name in _behaviors(report, task))


def rate_changes(report: Report, task: str) -> dict[str, RateChange]:
    """The change of each behavior's rate between the sides of the report's pair."""
    return {name: _change(report, task, name) for name in _behaviors(report, task)}


def rate_chart(row: BehaviorRow, labels: Sequence[Label], every: BehaviorRow | None) -> Markup:
    """The chart of a pair's row; ``every`` is the row of all models, where another pair may be
    chosen from them."""
    points = [
        Point(label.role or label.text, r.rate, r.interval, label.css_class)
        for label, r in zip(labels, row.results, strict=True)
        if r is not None
    ]
    sides = {
        place: Point("", r.rate, r.interval, "")
        for place, r in enumerate(every.results if every else ())
        if r is not None
    }
    return interval_chart(points, row.limit, row.name, sides)


def _behaviors(report: Report, task: str) -> list[str]:
    names = dict.fromkeys(
        r.behavior
        for side in report.sides
        for r in side.record.results
        if r.task == task and not r.measured
    )
    return sorted(names, key=order_of)


def _behavior_row(report: Report, task: str, behavior: str, sides: Sequence[Side]) -> BehaviorRow:
    results = tuple(side.result(task, behavior) for side in sides)
    held = next((r for r in reversed(results) if r and r.budget is not None), None)
    return BehaviorRow(
        behavior,
        behavior in (FORMAT_SUCCESS, RIGHT_ANSWERS),
        results,
        _change(report, task, behavior),
        words.budget(held) if held else "",
        held.budget if held else None,
        tuple(_codes(r) for r in results),
    )


def measured_rows(report: Report, task: TaskRecord) -> tuple[MeasuredRow, ...]:
    """The values measured over whole runs, in the order of the runs."""
    found = [
        (r.behavior, name)
        for side in report.sides
        for r in side.record.results
        if r.task == task.name
        for name in r.measured
    ]
    return tuple(_measured_row(report, task.name, *key) for key in dict.fromkeys(found))


def _measured_row(report: Report, task: str, behavior: str, name: str) -> MeasuredRow:
    results = tuple(side.result(task, behavior) for side in report.sides)
    values = tuple(
        words.quantity(name, r.measured[name]) if r and name in r.measured else "" for r in results
    )
    judged = tuple(_held_to(r, name) if r and r.measured else None for r in results)
    budget = next((words.budget(r) for r in reversed(judged) if r), "")
    label = f"{behavior.removesuffix('_budget')}: {words.label(name)}"
    return MeasuredRow(label, values, judged, budget)


def _held_to(result: BehaviorResult, name: str) -> BehaviorResult | None:
    """The result as to one measured value; ``None`` where no budget limits that."""
    return next((part for part in words.by_budget(result) if words.headline(part)[0] == name), None)


def decided(decision: GateDecision | None, task: str) -> TaskDecision | None:
    """The gate's decision on one task; ``None`` where it was not asked or refused."""
    found = (t for t in (decision.tasks if decision else ()) if t.task == task)
    return next(found, None)


def _evidence(report: Report, task: str, behavior: str) -> PairedTest | None:
    """The paired test of one behavior, where the gate was asked."""
    found = decided(report.decision, task)
    known = (found.composite, *found.behaviors) if found else ()
    return next((e for e in known if e.behavior == behavior), None)


def _change(report: Report, task: str, behavior: str) -> RateChange:
    found = _evidence(report, task, behavior)
    if found is None:
        return RateChange(_points(_unpaired(report, task, behavior)), "")
    ends = "" if found.is_unchanged else decisions.interval(found, words.MINUS)
    return RateChange(_points(-found.drop), ends)


def _unpaired(report: Report, task: str, behavior: str) -> float | None:
    """The change of the rates over all cases of each side; ``None`` where a side has no rate."""
    if report.before is None:
        return None
    before, after = report.before.result(task, behavior), report.after.result(task, behavior)
    if before is None or after is None or before.rate is None or after.rate is None:
        return None
    return after.rate - before.rate


def _points(change: float | None) -> str:
    if change is None:
        return ""
    points = change * 100
    return "0.0" if abs(points) < 0.05 else words.signed(points, minus=words.MINUS)


def _codes(result: BehaviorResult | None, limit: int = 3) -> str:
    if result is None:
        return ""
    ordered = sorted(result.codes.items(), key=lambda item: -item[1])
    more = [f"{len(ordered) - limit} more"] if len(ordered) > limit else []
    return ", ".join([f"{code} {count:,}" for code, count in ordered[:limit]] + more)
