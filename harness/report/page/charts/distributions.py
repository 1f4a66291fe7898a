"""Latency and token counts over all cases, as cumulative distributions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

from markupsafe import Markup

from harness.core.measurement import quantile
from harness.gate.compare import Side
from harness.report.page.charts.plots import Dot, Line, Scale, plot, scale, shares, side_of
from harness.report.page.labels import Label, label_of
from harness.report.report import Report
from harness.report.words import numbers as words

MAX_POINTS = 200
"""Points of one line: a screen shows no more."""
FEWEST = 2
"""Values that a distribution needs to be drawn."""
LONGEST = 3
"""The axis ends at this many times the p95, where some value lies beyond it."""
SHARES = shares("share of answers up to there")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity that every answer has."""

    title: str
    axis: str
    unit: str
    hint: str


LATENCY = Quantity(
    "Latency",
    "seconds for one answer",
    "s",
    "Requests asked one at a time after a warm-up, each timed by itself.",
)
TOKENS = Quantity(
    "Tokens",
    "tokens of one answer",
    "",
    "Generated tokens of every case, the one that ends the answer included.",
)


@dataclass(frozen=True, slots=True)
class Axis:
    """The axis on which one or two models are drawn."""

    scale: Scale
    beyond: str
    """``2 answers beyond the axis.``, or nothing."""


@dataclass(frozen=True, slots=True)
class DistributionRow:
    """One model in numbers."""

    place: int
    """The index of the side in the report."""
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
    chart: Markup
    beyond: str
    """The answers that the chart leaves out, in words, or nothing."""
    rows: tuple[DistributionRow, ...]
    axes: Mapping[str, Axis]
    """By ``place-place``, the smaller first: for each pair that the page's script may draw."""


def distributions_of(report: Report, task: str) -> tuple[Distribution, ...]:
    """Latency and token counts, each where the record holds them."""
    latency = _distribution(report, LATENCY, [_seconds(side, task) for side in report.sides])
    tokens = _distribution(report, TOKENS, [_tokens(side, task) for side in report.sides])
    return tuple(found for found in (latency, tokens) if found)


def _seconds(side: Side, task: str) -> list[float]:
    """Latencies of answers that were generated alone: in a batch, each waits for all."""
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
    report: Report, quantity: Quantity, values: Sequence[list[float]]
) -> Distribution | None:
    """Drawn for the pair, in numbers for every model."""
    places = [report.place(side) for side in report.pair]
    labels = [label_of(report, side) for side in report.sides]
    drawn = [place for place in places if len(values[place]) >= FEWEST]
    if not drawn:
        return None
    rows = tuple(
        _row(place, label, found, quantity.unit)
        for place, (label, found) in enumerate(zip(labels, values, strict=True))
        if found
    )
    axis = _axis(quantity, *(values[place] for place in drawn))
    axes = _axes(quantity, values) if len(report.sides) > len(places) else {}
    widest = max((a.scale for a in axes.values()), key=lambda s: s.high, default=axis.scale)
    lines = {
        place: (_line(values[place], widest.high, label.css_class),
                _dots(values[place], quantity.unit, label.css_class))
        for place, label in enumerate(labels)
        if len(values[place]) >= FEWEST
    }  # fmt: skip
    every = [side_of(place, *line, widest, SHARES) for place, line in lines.items()]
    described = "; ".join(
        f"{r.label.role or r.label.text}: median {r.median}, p95 {r.p95}, most {r.most}"
        for r in rows
    )
    chart = plot(
        [lines[place][0] for place in drawn],
        axis.scale,
        SHARES,
        f"{quantity.title}: {described}",
        dots=[dot for place in drawn for dot in lines[place][1]],
        sides=every if axes else (),
    )
    return Distribution(quantity.title, quantity.hint, chart, axis.beyond, rows, axes)


def _axes(quantity: Quantity, values: Sequence[list[float]]) -> dict[str, Axis]:
    """The axis of each model and of each two."""
    known = [place for place, found in enumerate(values) if len(found) >= FEWEST]
    pairs = combinations_with_replacement(known, 2)
    return {f"{a}-{b}": _axis(quantity, *(values[i] for i in sorted({a, b}))) for a, b in pairs}


def _axis(quantity: Quantity, *drawn: list[float]) -> Axis:
    most = max(map(max, drawn))
    end = min(most, max(LONGEST * quantile(found, 0.95) for found in drawn))
    found = scale(0.0, end, quantity.axis)
    beyond = sum(value > found.high for values in drawn for value in values)
    return Axis(found, f"{words.plural(beyond, 'answer')} beyond the axis." if beyond else "")


def _dots(values: list[float], unit: str, css_class: str) -> list[Dot]:
    """The median and the p95."""
    found = (
        (name, share, quantile(values, share)) for name, share in (("median", 0.5), ("p95", 0.95))
    )
    return [Dot(x, share, css_class, f"{name} {_with_unit(x, unit)}") for name, share, x in found]


def _line(values: list[float], end: float, css_class: str) -> Line:
    """The share of values up to each of them: an empirical distribution function, thinned."""
    ordered = sorted(values)
    count = len(ordered)
    kept = sorted({round(i * (count - 1) / (MAX_POINTS - 1)) for i in range(MAX_POINTS)})
    steps = ((ordered[i], (i + 1) / count) for i in kept)
    return Line(((0.0, 0.0), *steps, (max(end, ordered[-1]), 1.0)), css_class, is_stepped=True)


def _row(place: int, label: Label, values: list[float], unit: str) -> DistributionRow:
    numbers = [
        _with_unit(n, unit) for n in (quantile(values, 0.5), quantile(values, 0.95), max(values))
    ]
    return DistributionRow(place, label, f"{len(values):,}", *numbers)


def _with_unit(number: float, unit: str) -> str:
    return f"{words.significant(number)} {unit}".rstrip()
