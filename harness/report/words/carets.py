"""Carets under the place of a failure, in an excerpt of the completion that is one line."""

import unicodedata

from harness.core.printable import symbols
from harness.report.words.escaping import safe_line

WIDTH = 72
"""Columns of a completion's excerpt: with its margin and ellipses, 80."""


def underline(text: str, span: tuple[int, int], width: int = WIDTH) -> tuple[str, str]:
    """An excerpt of ``text`` around ``span``, and carets under the span.

    Line breaks and other invisible characters are shown as symbols, so that the excerpt is one line
    and the carets are aligned for any text. ``width`` is the excerpt's length in characters.
    """
    start, end = span
    first = max(0, min(start - width // 2, len(text) - width))
    before = symbols(text[first:start])
    inside = symbols(text[start : min(end, first + width)])
    after = symbols(text[start + len(inside) : first + width])
    opening = "…" if first else ""
    closing = "…" if first + width < len(text) else ""
    until = safe_line(opening + "".join([*before, *inside]))
    line = safe_line(opening + "".join([*before, *inside, *after]) + closing)
    marked = _columns(safe_line("".join(inside)))
    return line, " " * (_columns(until) - marked) + "^" * max(1, marked)


def _columns(text: str) -> int:
    """Columns of a terminal: wide East Asian characters take two, combining marks none."""
    return sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
