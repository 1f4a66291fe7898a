"""How long answers take and how many tokens they are, over all cases: before against after."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.core.measurement import quantile
from harness.gate.compare import Side
from harness.report.page.plots import Dot, Line, plot, scale, shares
from harness.report.report import Report
from harness.report.words import numbers as words
from harness.report.words.labels import Label, label_of

MOST_POINTS = 200
"""Of one line: more than a screen has room for."""
FEWEST = 2
"""Values below which there is no distribution to draw."""
LONGEST = 3
"""The axis ends at this many times the p95, where some value lies beyond it."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One model's line, as the page's script draws it beside another's."""

    points: tuple[tuple[float, float], ...]
    """Values and the share of answers up to each, thinned."""
    median: float
    p95: float
    most: float
    tail: tuple[float, ...]
    """Every value that may lie beyond an axis."""


@dataclass(frozen=True, slots=True)
class Row:
    """One model in numbers."""

    place: int
    """Which of the report's sides."""
    label: Label
    count: str
    median: str
    p95: str
    most: str


@dataclass(frozen=True, slots=True)
class Distribution:
    """One quantity of one task."""

    title: str
    hint: str
    beyond: str
    """What the chart leaves out, or nothing."""
    chart: Markup
    rows: tuple[Row, ...]
    unit: str
    drawn: tuple[Drawn | None, ...]
    """Of every side, in the order of the report's; ``None`` of one without a value."""


def distributions_of(report: Report, task: str) -> tuple[Distribution, ...]:
    """Latency and token counts, each where the record holds them."""
    latency = _distribution(
        report,
        [_seconds(side, task) for side in report.sides],
        ("Latency", "seconds for one answer", "s"),
        "Requests asked one at a time after a warm-up, each timed by itself.",
    )
    tokens = _distribution(
        report,
        [_tokens(side, task) for side in report.sides],
        ("Tokens", "tokens of one answer", ""),
        "Generated tokens of every case, the one that ends the answer included.",
    )
    return tuple(found for found in (latency, tokens) if found)


def _seconds(side: Side, task: str) -> list[float]:
    """Only of answers that were alone: in a batch, each waits for all."""
    timed = [t.seconds for t in side.record.timed if (t.model, t.task) == (side.model, task)]
    return timed or [
        s.completion.timing.seconds
        for s in side.record.samples
        if (s.model, s.task) == (side.model, task)
        if s.completion.timing and s.completion.timing.batch_rows == 1
    ]


def _tokens(side: Side, task: str) -> list[float]:
    found = (s.completion for s in side.record.samples if (s.model, s.task) == (side.model, task))
    return [float(len(c.token_ids)) for c in found if c.token_ids]


def _distribution(
    report: Report, values: Sequence[list[float]], named: tuple[str, str, str], hint: str
) -> Distribution | None:
    """Drawn for the pair, in numbers for every model."""
    title, quantity, unit = named
    places = [report.place(side) for side in report.pair]
    drawn = [
        (label_of(report, report.sides[p]), values[p]) for p in places if len(values[p]) >= FEWEST
    ]
    if not drawn:
        return None
    most = max(max(found) for _, found in drawn)
    end = min(most, max(LONGEST * quantile(found, 0.95) for _, found in drawn))
    x, y = scale(0.0, end, quantity), shares("share of answers up to there")
    lines = [
        Line(_steps(found, x.high), label.css_class, is_stepped=True) for label, found in drawn
    ]
    dots = [
        Dot(
            quantile(found, share),
            share,
            label.css_class,
            f"{name} {_said(quantile(found, share), unit)}",
        )
        for label, found in drawn
        for share, name in ((0.5, "median"), (0.95, "p95"))
    ]
    rows = [
        _row(place, label_of(report, side), found, unit)
        for place, (side, found) in enumerate(zip(report.sides, values, strict=True))
        if found
    ]
    beyond = sum(value > x.high for _, found in drawn for value in found)
    described = "; ".join(
        f"{r.label.role or r.label.name}: median {r.median}, p95 {r.p95}, most {r.most}"
        for r in rows
    )
    return Distribution(
        title,
        hint,
        f"{words.plural(beyond, 'answer')} beyond the axis." if beyond else "",
        plot(lines, x, y, f"{title}: {described}", dots=dots),
        tuple(rows),
        unit,
        tuple(_drawn(found) if found else None for found in values),
    )


def _drawn(values: list[float]) -> Drawn:
    p95 = quantile(values, 0.95)
    # A chart that this line is in ends at its longest value, or from 3 times its p95 on.
    tail = tuple(value for value in values if value > LONGEST * p95)
    return Drawn(_thinned(values), quantile(values, 0.5), p95, max(values), tail)


def _steps(values: list[float], end: float) -> tuple[tuple[float, float], ...]:
    """The steps of a line from the left end of the axis to its right end."""
    points = [point for point in _thinned(values) if point[0] <= end]
    return ((0.0, 0.0), *points, (end, points[-1][1] if points else 0.0))


def _thinned(values: list[float]) -> tuple[tuple[float, float], ...]:
    """The share of values up to each of them: an empirical distribution function, thinned."""
    ordered = sorted(values)
    count = len(ordered)
    kept = sorted({round(i * (count - 1) / (MOST_POINTS - 1)) for i in range(MOST_POINTS)})
    return tuple((ordered[i], (i + 1) / count) for i in kept)


def _row(place: int, label: Label, values: list[float], unit: str) -> Row:
    numbers = [_said(n, unit) for n in (quantile(values, 0.5), quantile(values, 0.95), max(values))]
    return Row(place, label, f"{len(values):,}", *numbers)


def _said(number: float, unit: str) -> str:
    return f"{words.significant(number)} {unit}".rstrip()
