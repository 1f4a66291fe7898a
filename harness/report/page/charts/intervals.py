"""Small inline SVG charts: rates with their intervals on an axis from 0 to 100%.

Positions are percentages of the width, so that a chart fills its cell and its text keeps its size.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.report.page.visible import plain
from harness.report.words import numbers as words

ROW = 14
"""Height of one model's line, in pixels."""
TICKS = (0, 25, 50, 75, 100)


@dataclass(frozen=True, slots=True)
class Point:
    """One model's rate."""

    label: str
    rate: float | None
    interval: tuple[float, float] | None
    css_class: str

    @property
    def in_words(self) -> str:
        """``93.0%, interval 90.1 to 95.2%``."""
        rate = "not judged" if self.rate is None else words.percent(self.rate)
        ends = words.interval(self.interval)
        return f"{rate}, interval {ends}" if ends else rate


def interval_chart(
    points: Sequence[Point],
    budget: float | None,
    name: str,
    sides: Mapping[int, Point] | None = None,
) -> Markup:
    """A line per model: the interval as a bar, the rate as a dot, the budget as an upright.

    Args:
        points: in the order of the lines.
        budget: the least rate that meets it.
        name: of the behavior.
        sides: the lines of all models by their places, for the script to choose from.
    """
    height = ROW * len(points) + 6
    parts = [_upright(tick / 100, "grid", 0, height) for tick in TICKS]
    limit = "" if budget is None else f"budget {words.percent(budget)}"
    if budget is not None:
        parts.append(_upright(budget, "budget", 0, height))
    for row, point in enumerate(points):
        line = Markup('<g class="{}" transform="translate(0 {})">{}</g>')
        parts.append(line.format(point.css_class, ROW * row, _point(point)))
    if sides:
        of_side = Markup('<g data-side="{}" data-said="{}">{}</g>')
        every = (of_side.format(place, p.in_words, _point(p)) for place, p in sides.items())
        parts.append(
            Markup('<defs data-row="{}" data-budget="{}">{}</defs>').format(
                ROW, limit, _joined(every)
            )
        )
    said = [f"{p.label} {p.in_words}" for p in points] + [limit] * (budget is not None)
    return _svg(parts, height, plain(f"{name}: {'; '.join(said)}"))


def axis(unit: str = "%") -> Markup:
    """The ticks' numbers, for the head of a column of interval charts."""
    parts = []
    for tick in TICKS:
        anchor = {0: "start", 100: "end"}.get(tick, "middle")
        shown = f"{tick}{unit if tick == TICKS[-1] else ''}"
        parts.append(
            Markup('<text x="{}%" y="11" text-anchor="{}">{}</text>').format(tick, anchor, shown)
        )
    return _svg(parts, 14, "")


def count_chart(before: int | None, after: int, most: int) -> Markup:
    """Two bars of counts, one above the other, on the scale of the table's largest count."""
    parts = []
    values = [(after, "after")] if before is None else [(before, "before"), (after, "after")]
    for row, (count, css_class) in enumerate(values):
        width = 100 * count / most if most else 0
        parts.append(
            Markup(
                '<rect class="{}" x="0" y="{}" width="{:.2f}%" height="5" rx="1"></rect>'
            ).format(css_class, row * 7 + 1, width)
        )
    return _svg(parts, 7 * len(values) + 1, "")


def _point(point: Point) -> Markup:
    """The bar and the dot of a chart's first line."""
    if point.rate is None:
        return Markup("")
    low, high = point.interval or (point.rate, point.rate)
    bar = Markup('<line x1="{:.2f}%" x2="{:.2f}%" y1="{y:g}" y2="{y:g}"></line>')
    dot = Markup('<circle cx="{:.2f}%" cy="{:g}" r="4.5"></circle>')
    y = ROW / 2 + 3
    return bar.format(low * 100, high * 100, y=y) + dot.format(point.rate * 100, y)


def _upright(rate: float, css_class: str, top: float, bottom: float) -> Markup:
    line = Markup('<line class="{}" x1="{x:.2f}%" x2="{x:.2f}%" y1="{:g}" y2="{:g}"></line>')
    return line.format(css_class, top, bottom, x=min(max(rate, 0), 1) * 100)


def _svg(parts: Sequence[Markup], height: float, label: str) -> Markup:
    described = (
        Markup('role="img" aria-label="{}"').format(label) if label else 'aria-hidden="true"'
    )
    return Markup('<svg class="chart" width="100%" height="{:g}" {}>{}</svg>').format(
        height, Markup(described), _joined(parts)
    )


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)
