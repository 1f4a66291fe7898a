"""A behavior over time as a small chart in one line, whose points are links to the runs' pages."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.core.record import BehaviorResult
from harness.report.page.index.runs import IndexRow
from harness.report.page.visible import plain
from harness.report.words import numbers as words
from harness.report.words.right_answers import order_of

HEIGHT = 36
MAX_POINTS = 60
"""Runs of one line, the latest."""
MARGIN = 0.12
"""Share of the height above and below the points."""


@dataclass(frozen=True, slots=True)
class BehaviorLine:
    """One behavior of one model on one selection of cases."""

    behavior: str
    latest: str
    change: str
    """Since the run before, in points, with a sign; empty for what rounds to the same."""
    is_fall: bool
    bounds: str
    """What the chart's height stands for: ``80 to 100%``."""
    chart: Markup


@dataclass(frozen=True, slots=True)
class TimeLine:
    """All behaviors of one model on one selection of cases."""

    task: str
    model: str
    cases: str
    runs: int
    first: str
    last: str
    lines: tuple[BehaviorLine, ...]
    """``format_success_rate`` and the right answers first."""


def timelines_of(rows: Sequence[IndexRow]) -> list[TimeLine]:
    """A timeline for each model, task and selection with two runs or more, the latest first.

    Args:
        rows: newest first.
    """
    groups: dict[object, list[IndexRow]] = {}
    for row in rows:
        if row.is_complete:
            groups.setdefault(row.key, []).append(row)
    found = (_timeline(list(reversed(own[:MAX_POINTS])), len(own)) for own in groups.values())
    return [line for line in found if line.lines]


def _timeline(rows: Sequence[IndexRow], runs: int) -> TimeLine:
    names = dict.fromkeys(
        name for row in rows for name, r in row.results.items() if r.rate is not None
    )
    lines = (_line(name, rows) for name in sorted(names, key=order_of))
    newest = rows[-1]
    return TimeLine(
        newest.task.name,
        newest.model.ref,
        newest.cases,
        runs,
        rows[0].created[:10],
        newest.created[:10],
        tuple(line for line in lines if line is not None),
    )


def _line(behavior: str, rows: Sequence[IndexRow]) -> BehaviorLine | None:
    judged = [
        (i, row, found, found.rate)
        for i, row in enumerate(rows)
        if (found := row.results.get(behavior)) and found.rate is not None and not found.measured
    ]
    if len(judged) < 2:
        return None
    rates = [rate for *_, rate in judged]
    low, high = _bounds(rates)
    before, latest = rates[-2:]
    points = round((latest - before) * 100, 1)
    change = words.signed(points, minus=words.MINUS) if points else ""
    places = [
        (i / (len(rows) - 1), 1 - MARGIN - (rate - low) / (high - low) * (1 - 2 * MARGIN))
        for i, _, _, rate in judged
    ]
    line = Markup(
        '<svg viewBox="0 0 1 1" preserveAspectRatio="none" width="100%" height="{}">'
        '<polyline points="{}"></polyline></svg>'
    ).format(HEIGHT, " ".join(f"{x:.4g},{y:.4g}" for x, y in places))
    dots = Markup("").join(
        _dot(x, y, row, found, behavior, is_unlike=_is_unlike(row, rows[-1]))
        for (x, y), (_, row, found, _) in zip(places, judged, strict=True)
    )
    said = f"{behavior}: {words.percent(rates[0])} first, {words.percent(latest)} last"
    chart = Markup(
        '<svg class="chart line" width="100%" height="{}" role="group" aria-label="{}">{}{}</svg>'
    ).format(HEIGHT, plain(said), line, dots)
    ends = f"{low * 100:.0f} to {high * 100:.0f}%"
    return BehaviorLine(behavior, words.percent(latest), change, points < 0, ends, chart)


def _bounds(rates: Sequence[float]) -> tuple[float, float]:
    """Tens of percent around all rates."""
    low, high = math.floor(min(rates) * 10) / 10, math.ceil(max(rates) * 10) / 10
    return (low, high) if low < high else (max(0.0, low - 0.1), min(1.0, low + 0.1))


def _dot(
    x: float, y: float, row: IndexRow, found: BehaviorResult, behavior: str, *, is_unlike: bool
) -> Markup:
    title = plain(title_of(row, found, behavior) + (", other cases" if is_unlike else ""))
    return Markup(
        '<a href="{}" aria-label="{}"><circle class="reach" cx="{}" cy="{}" r="9"></circle>'
        '<circle class="{}" cx="{}" cy="{}" r="3.5"><title>{}</title></circle></a>'
    ).format(
        row.run.address,
        title,
        *(place := (f"{x * 100:.2f}%", f"{y * HEIGHT:.1f}")),
        "after unlike" if is_unlike else "after",
        *place,
        title,
    )


def title_of(row: IndexRow, found: BehaviorResult, behavior: str) -> str:
    """A point in words: the run, when, and its rate."""
    assert found.rate is not None, "only judged runs are points"
    interval = words.interval(found.interval)
    rate = words.percent(found.rate) + (f" ({interval})" if interval else "")
    return f"{row.run.record.id}, {row.created}: {behavior} {rate}{row.run.shown}"


def _is_unlike(row: IndexRow, newest: IndexRow) -> bool:
    """The task had other cases then."""
    return row.task.cases_sha256 != newest.task.cases_sha256
