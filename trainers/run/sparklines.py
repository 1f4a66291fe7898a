"""Draws a training's curve in lines of text: the losses and ``format_success_rate``."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from harness.core.record import FORMAT_SUCCESS
from harness.report.console.history import sparkline

if TYPE_CHECKING:
    from trainers.run.curve import CurvePoint

BARS, SHORT_BARS = 40, 10
"""The most bars of a line; three short ones stand side by side in 80 columns."""


def sparklines(points: "Sequence[CurvePoint]") -> list[tuple[str, str]]:
    """A line for each curve, with its first and its last value."""
    return [
        ("curve", f"{name} {_bars(values, BARS)} {values[0]:{form}} to {values[-1]:{form}}")
        for name, values, form in _curves(points)
        if len(values) > 1
    ]


def short_sparklines(points: "Sequence[CurvePoint]") -> str:
    """All curves in one line, each with its newest value."""
    return "  ".join(
        f"{'format' if name == FORMAT_SUCCESS else name} {_bars(values, SHORT_BARS)} "
        f"{values[-1]:{form}}"
        for name, values, form in _curves(points)
    )


def _curves(points: "Sequence[CurvePoint]") -> Iterator[tuple[str, list[float], str]]:
    judged = [p.behaviors[FORMAT_SUCCESS]["rate"] for p in points
              if p.behaviors and FORMAT_SUCCESS in p.behaviors]  # fmt: skip
    losses = [p.loss for p in points if p.loss is not None]
    held_out = [p.eval_loss for p in points if p.eval_loss is not None]
    found = (("loss", losses, ".4f"), ("val", held_out, ".4f"), (FORMAT_SUCCESS, judged, ".0%"))
    yield from (curve for curve in found if curve[1])


def _bars(values: Sequence[float], count: int) -> str:
    """At most so many bars, each of the mean of its stretch."""
    count = min(count, len(values))
    ends = [round(i * len(values) / count) for i in range(count + 1)]
    return sparkline(sum(values[a:b]) / (b - a) for a, b in pairwise(ends))
