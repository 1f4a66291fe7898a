"""Charts with two axes as inline SVG: lines, steps and dots, with ticks and units on both.

Lines are drawn in a box that stretches with the page, texts beside it keep their size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.report.page.visible import plain
from harness.report.words import numbers as words

HEIGHT = 200
"""Height of the box that holds the lines, in pixels."""
MAX_TICKS = 6
SHORT = 4
"""Characters of a tick's number that may extend beyond the end of its axis."""


@dataclass(frozen=True, slots=True)
class Scale:
    """One axis."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    title: str
    """The quantity, with its unit."""

    @property
    def tick_texts(self) -> tuple[tuple[str, str, str], ...]:
        """Each tick's position on a horizontal axis, its number and its ``text-anchor``."""
        return tuple(
            (_percent(self.share(v)), said, _anchor(self.share(v), said)) for v, said in self.ticks
        )

    def share(self, value: float) -> float:
        """The position of a value on the axis, from 0 to 1; beyond the axis, that of its end."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Line:
    """Points that are joined, from left to right; what lies beyond the axis is cut off."""

    points: tuple[tuple[float, float], ...]
    css_class: str
    is_stepped: bool = False
    """The value holds until the next point, as a count does."""


@dataclass(frozen=True, slots=True)
class Dot:
    """One point of its own, with its interval upright through it."""

    x: float
    y: float
    css_class: str
    title: str = ""
    interval: tuple[float, float] | None = None
    address: str = ""
    """The page that the point leads to; empty for none."""


def scale(low: float, high: float, title: str) -> Scale:
    """An axis from ``low`` to a round number from ``high`` on, with round ticks between."""
    span = high - low if high > low else abs(high) or 1.0
    raw = span / (MAX_TICKS - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(n * power for n in (1, 2, 5, 10) if n * power >= raw * 0.999)
    count = max(1, math.ceil(span / step - 1e-9))
    ticks = tuple((low + i * step, words.significant(low + i * step)) for i in range(count + 1))
    return Scale(low, low + count * step, ticks, title)


def shares(title: str) -> Scale:
    """An axis from 0 to 100%."""
    return Scale(0.0, 1.0, tuple((i / 4, f"{i * 25}%") for i in range(5)), title)


def plot(
    lines: Sequence[Line],
    x: Scale,
    y: Scale,
    described: str,
    *,
    dots: Sequence[Dot] = (),
    level: float | None = None,
    sides: Sequence[Markup] = (),
) -> Markup:
    """One chart.

    Args:
        lines: the last of them on top.
        x: the axis below.
        y: the axis at the left, its title above it.
        described: the chart in words, for readers who cannot see it.
        dots: over the lines.
        level: a dashed line across, such as a budget.
        sides: every model's line, see ``side_of``, for the script to choose from.
    """
    grid = [_across(y.share(value), "grid") for value, _ in y.ticks]
    grid += [] if level is None else [_across(y.share(level), "budget")]
    box = Markup(
        '<svg viewBox="{} 0 {} 1" preserveAspectRatio="none" width="100%" height="{}">{}</svg>'
    ).format(x.low, x.high - x.low, HEIGHT, _joined(_line(line, y) for line in lines))
    parts = [*grid, box, *(_dot(dot, x, y) for dot in dots), *_texts(x, y)]
    if sides:
        parts.append(Markup("<defs>{}</defs>").format(_joined(sides)))
    role = "group" if any(dot.address for dot in dots) else "img"  # An image has no links.
    return Markup(
        '<div class="plotted"><svg class="chart" width="100%" height="{}" role="{}" '
        'aria-label="{}">{}</svg></div>'
    ).format(HEIGHT, role, plain(described), _joined(parts))


def side_of(place: int, line: Line, dots: Sequence[Dot], x: Scale, y: Scale) -> Markup:
    """One model's line and dots; the script copies them, dots by their values, to another axis."""
    drawn = [_line(line, y), *(_dot(dot, x, y) for dot in dots)]
    return Markup('<g data-side="{}">{}</g>').format(place, _joined(drawn))


def _texts(x: Scale, y: Scale) -> list[Markup]:
    """The ticks' numbers and the axes' titles, outside of the box."""
    tick = Markup('<text class="tick" x="{}" y="{}" text-anchor="{}">{}</text>')
    beside = Markup('<text x="-8" y="{:.1f}" text-anchor="end">{}</text>')
    below = [tick.format(at, HEIGHT + 16, anchor, said) for at, said, anchor in x.tick_texts]
    left = [beside.format((1 - y.share(v)) * HEIGHT + 4, said) for v, said in y.ticks]
    titles = [
        Markup('<text x="100%" y="{}" text-anchor="end">{}</text>').format(HEIGHT + 34, x.title),
        Markup('<text x="-44" y="-12" text-anchor="start">{}</text>').format(y.title),
    ]
    return [*below, *left, *titles]


def _anchor(share: float, said: str) -> str:
    """The anchor that keeps a long number within the axis."""
    if len(said) <= SHORT:
        return "middle"
    return {0.0: "start", 1.0: "end"}.get(share, "middle")


def _line(line: Line, y: Scale) -> Markup:
    """Across in units of the axis, so that another axis needs another ``viewBox`` and no points."""
    places: list[str] = []
    for value, height in line.points:
        if line.is_stepped and places:
            places.append(f"{value:.6g},{places[-1].split(',')[1]}")
        places.append(f"{value:.6g},{1 - y.share(height):.4g}")
    return Markup('<polyline class="{}" points="{}"></polyline>').format(
        line.css_class, " ".join(places)
    )


def _dot(dot: Dot, x: Scale, y: Scale) -> Markup:
    across, down = _percent(x.share(dot.x)), (1 - y.share(dot.y)) * HEIGHT
    parts = []
    if dot.interval is not None:
        ends = [(1 - y.share(end)) * HEIGHT for end in dot.interval]
        upright = Markup('<line class="{}" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"></line>')
        parts.append(upright.format(dot.css_class, across, across, *ends))
    title = Markup("<title>{}</title>").format(plain(dot.title)) if dot.title else Markup("")
    circle = Markup('<circle class="{}" data-x="{}" cx="{}" cy="{:.1f}" r="4">{}</circle>')
    drawn = _joined([*parts, circle.format(dot.css_class, dot.x, across, down, title)])
    if not dot.address:
        return drawn
    link = Markup('<a href="{}" aria-label="{}">{}</a>')
    return link.format(dot.address, plain(dot.title), drawn)


def _percent(share: float) -> str:
    return f"{share * 100:.2f}%"


def _across(share: float, css_class: str) -> Markup:
    y = (1 - share) * HEIGHT
    line = Markup('<line class="{}" x1="0" x2="100%" y1="{:.1f}" y2="{:.1f}"></line>')
    return line.format(css_class, y, y)


def _joined(parts: object) -> Markup:
    return Markup("").join(parts)  # type: ignore[arg-type]
