"""More than two models: every behavior of every model, and the difference of each pair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from harness.core.record import FORMAT_SUCCESS, BehaviorResult, TaskRecord
from harness.report.page.behavior_rows import BehaviorRow, RateChange, behavior_rows, rate_changes
from harness.report.page.headlines import headline_of
from harness.report.page.labels import Label, label_of
from harness.report.report import Report, with_pair
from harness.report.words import numbers as words
from harness.report.words.right_answers import statement
from harness.report.words.slices import SliceTable, slices_in

MAX_PAIRED = 60_000
"""Ordered pairs times answers of one model, which the gate judges in about five seconds; beyond it,
the page shows only the difference of a chosen pair's rates, and no slices."""
SHADES = 10

Pairs = Mapping[tuple[int, int], Report]
"""The report on each pair, by the places of the sides before and after."""


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """One behavior of one model."""

    result: BehaviorResult | None
    shade: int
    """From 0 for a rate of 0 to ``SHADES`` for 1: the class that colors the cell."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The change of the composite rate from one model to another."""

    before: int
    after: int
    change: str
    interval: str
    is_fall: bool | None
    """``None`` where the interval includes 0 or is missing."""


@dataclass(frozen=True, slots=True)
class PairWords:
    """The texts of a task for one pair."""

    headline: str
    changes: Mapping[str, RateChange]
    """By behavior."""
    slices: SliceTable


@dataclass(frozen=True, slots=True)
class Matrix:
    """One task."""

    labels: tuple[Label, ...]
    rows: tuple[tuple[BehaviorRow, tuple[MatrixCell, ...]], ...]
    differences: tuple[tuple[Difference | None, ...], ...]
    """By the place of the side before, then after; empty where not every pair was judged."""
    pairs: Mapping[str, PairWords]
    """By ``before-after``, as places."""


def all_pairs(report: Report) -> Pairs:
    """A report on every ordered pair, where there are more than two models and not too many."""
    sides = report.sides
    work = (len(sides) - 1) * sum(len(run.samples) for run in report.runs)
    if report.before is None or len(sides) < 3 or work > MAX_PAIRED:
        return {}
    return {
        (b, a): with_pair(report, sides[b], sides[a]) for b, a in permutations(range(len(sides)), 2)
    }


def matrix_of(report: Report, task: TaskRecord, pairs: Pairs) -> Matrix | None:
    """The matrix of one task; ``None`` of one or two models."""
    if len(report.sides) < 3:
        return None
    labels = tuple(label_of(report, side) for side in report.sides)
    rows = behavior_rows(report, task.name, report.sides)
    return Matrix(
        labels,
        tuple((row, tuple(map(_cell, row.results))) for row in rows),
        tuple(_differences(pairs, task.name, len(labels))),
        {f"{b}-{a}": _words(found, task) for (b, a), found in pairs.items()},
    )


def _cell(result: BehaviorResult | None) -> MatrixCell:
    rate = result.rate if result else None
    return MatrixCell(result, 0 if rate is None else round(rate * SHADES))


def _differences(pairs: Pairs, task: str, count: int) -> Sequence[tuple[Difference | None, ...]]:
    if not pairs:
        return ()
    places = range(count)
    return [tuple(_difference(pairs.get((b, a)), task, b, a) for a in places) for b in places]


def _difference(report: Report | None, task: str, before: int, after: int) -> Difference | None:
    change = rate_changes(report, task).get(FORMAT_SUCCESS) if report else None
    if report is None or change is None or not change.points:
        return None
    decided = [t for t in report.decision.tasks if t.task == task] if report.decision else []
    interval = decided[0].composite.interval if decided else None
    is_fall = None
    if interval and (interval.low > 0 or interval.high < 0):
        is_fall = interval.low > 0
    return Difference(before, after, change.points, change.interval, is_fall)


def _words(report: Report, task: TaskRecord) -> PairWords:
    return PairWords(
        " ".join(
            filter(
                None,
                (headline_of(report, task.name).text, statement(report, task.name, words.MINUS)),
            )
        ),
        rate_changes(report, task.name),
        slices_in(report, task.name, words.MINUS),
    )
