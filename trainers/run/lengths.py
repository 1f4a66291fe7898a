"""Draws the lengths of rows as a histogram in text, with the limit over which rows are left out."""

from collections import Counter
from collections.abc import Sequence

MOST_BINS = 12
BAR = 30
"""Characters of the longest bar."""


def histogram(lengths: Sequence[int], limit: int) -> list[str]:
    """A line for each bin of lengths up to the limit, one for the limit, one for what is longer.

    Args:
        lengths: in tokens.
        limit: the most tokens of a row that is kept.
    """
    fitting = [length for length in lengths if length <= limit]
    width = _width(min(fitting, default=0), max(fitting, default=0))
    bins = Counter(length // width for length in fitting)
    shown = range(min(bins, default=0), max(bins, default=-1) + 1)
    counts = [(_bounds(number, width, limit), bins[number]) for number in shown]
    longer = len(lengths) - len(fitting)
    names = [name for name, _ in counts]
    column = max(map(len, [*names, "longer"]))
    most = max([*bins.values(), longer, 1])
    lines = [_line(name, count, column, most) for name, count in counts]
    return [
        *lines,
        f"{'-' * (column + 2)} max_length {limit:,}",
        _line("longer", longer, column, most),
    ]


def _bounds(number: int, width: int, limit: int) -> str:
    first, last = number * width, min((number + 1) * width - 1, limit)
    return f"{first:,}" if first == last else f"{first:,} to {last:,}"


def _line(name: str, count: int, column: int, most: int) -> str:
    bar = "█" * max(round(BAR * count / most), count > 0)
    return f"{name:>{column}}  {bar}{' ' if bar else ''}{count:,}"


def _width(least: int, most: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, ... with at most ``MOST_BINS`` bins."""
    scale = 1
    while True:
        for factor in (1, 2, 5):
            width = factor * scale
            if most // width - least // width < MOST_BINS:
                return width
        scale *= 10
