"""Slices of cases as rows of text."""

from dataclasses import dataclass

from harness.gate.compare import Comparison
from harness.gate.slices import Slice, slices_of
from harness.report.report import Report
from harness.report.words import decision as decisions
from harness.report.words import numbers as words
from harness.stats.paired import Tails

MAX_SHOWN = 20
"""Slices in a table, worst first; the rest are counted."""
SUGGESTED = 0.05
"""Adjusted p-values up to this are named in a terminal."""


@dataclass(frozen=True, slots=True)
class SliceRow:
    """One slice in words."""

    kind: str
    name: str
    cases: str
    before: str
    after: str
    change: str
    interval: str
    p_value: str
    is_small: bool


@dataclass(frozen=True, slots=True)
class SliceTable:
    """The slices of one task."""

    rows: tuple[SliceRow, ...] = ()
    left: int = 0
    """Slices that are not shown."""

    @property
    def left_out(self) -> str:
        """``3 more slices left out.``, or nothing."""
        return f"{words.plural(self.left, 'more slice')} left out." if self.left else ""


def slices_in(report: Report, task: str, minus: str = "-") -> SliceTable:
    """The slices of one task; none where the gate was not asked."""
    compared = [c for c in report.comparisons if c.task == task]
    if report.decision is None or not compared:
        return SliceTable()
    return slice_table(compared[0], report.decision.policy.tails, minus)


def slice_table(comparison: Comparison, tails: Tails, minus: str = "-") -> SliceTable:
    """The worst slices, with those of few cases after the others."""
    found = sorted(slices_of(comparison, tails), key=lambda s: s.is_small)
    rows = tuple(row_of(one, minus) for one in found[:MAX_SHOWN])
    return SliceTable(rows, max(0, len(found) - MAX_SHOWN))


def suggestions(comparison: Comparison, tails: Tails) -> str:
    """``tag amount:large (98.0% to 90.0% of 50 cases)``, the three worst, or nothing."""
    fell = [
        row_of(s)
        for s in slices_of(comparison, tails)
        if s.adjusted_p <= SUGGESTED and not s.is_small
    ]
    return ", ".join(f"{r.kind} {r.name} ({r.before} to {r.after} of {r.cases})" for r in fell[:3])


def row_of(found: Slice, minus: str = "-") -> SliceRow:
    """One slice in words; a rate that did not fall has no p-value."""
    test = found.test
    return SliceRow(
        found.kind,
        found.name,
        words.plural(test.pairs, "case"),
        words.percent(test.before),
        words.percent(test.after),
        decisions.points(test, minus),
        "" if test.is_unchanged else decisions.interval(test, minus),
        words.p_value(found.adjusted_p) if test.drop > 0 else "",
        found.is_small,
    )
