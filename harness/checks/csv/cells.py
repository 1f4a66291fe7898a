"""Reads the cells of CSV by RFC 4180, each with its place in the text.

Python's ``csv`` says nothing of places, and lets a quote pass in the midst of a cell. Beyond the
RFC a line may end in a line feed alone, and the delimiter may be another one than a comma.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from harness.checks.json.fault import Fault
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode

MAX_CELLS = 1_000_000
"""Cells of one answer."""
_QUOTED = re.compile(r'"((?:[^"]++|"")*+)"')
_LINE_END = re.compile(r"\r\n|\n|\r")


class Cell(NamedTuple):
    """One cell of a row."""

    text: str
    """Its content, without quotes."""
    span: tuple[int, int]
    """With its quotes."""
    is_quoted: bool


Row = list[Cell]


class Refused(Exception):
    """The text is no CSV; the fault says why."""

    def __init__(self, code: FailureCode, reason: str, span: tuple[int, int]) -> None:
        super().__init__(reason)
        self.fault = Fault(code, reason, span, span[0])


def rows_of(text: str, start: int, stop: int, delimiter: str) -> Iterator[Row]:
    """The rows of ``text[start:stop]``, which is not empty; a blank line is a row of one cell.

    Raises:
        Refused: a quote is never closed or stands where none can, or there are too many cells.
    """
    row: Row = []
    position, count = start, 0
    while True:
        count += 1
        if count > MAX_CELLS:
            raise _refused(text, f"there are more than {MAX_CELLS:,} cells", position, stop)
        cell = _cell(text, position, stop, delimiter)
        row.append(cell)
        position = cell.span[1]
        if position < stop and text[position] == delimiter:
            position += 1
            continue
        position = _behind_line(text, position, stop)
        yield row
        if position >= stop:
            return
        row = []


def line_of(text: str, position: int) -> int:
    """The number of a line, from 1; it ends as those of rows do."""
    return sum(1 for _ in _LINE_END.finditer(text, 0, position)) + 1


def _cell(text: str, position: int, stop: int, delimiter: str) -> Cell:
    if text.startswith('"', position):
        quoted = _QUOTED.match(text, position, stop)
        if quoted is None:
            end = _plain(delimiter).match(text, position + 1, stop)
            reason = f"line {line_of(text, position)}: the quote that opens here is never closed"
            span = position, end.end() if end else position + 1
            raise Refused(FailureCode.UNCLOSED, reason, span)
        return Cell(quoted[1].replace('""', '"'), quoted.span(), True)
    plain = _plain(delimiter).match(text, position, stop)
    assert plain is not None, "it may be empty"
    if plain.end() < stop and text[plain.end()] == '"':
        reason = "found a quote in a cell that does not begin with one"
        raise _refused(text, reason, plain.end(), plain.end() + 1)
    return Cell(plain[0], plain.span(), False)


def _behind_line(text: str, position: int, stop: int) -> int:
    """Where the next row begins."""
    if position >= stop:
        return stop
    end = _LINE_END.match(text, position, stop)
    if end is None:
        reason = f"expected the end of the cell, found {excerpt(text[position])!r}"
        raise _refused(text, reason, position, position + 1)
    return end.end()


def _refused(text: str, reason: str, start: int, stop: int) -> Refused:
    reason = f"line {line_of(text, start)}: {reason}"
    return Refused(FailureCode.SYNTAX, reason, (start, stop))


@lru_cache(maxsize=32)
def _plain(delimiter: str) -> "re.Pattern[str]":
    """A cell without quotes, or what of it stands before one."""
    return re.compile(rf'[^"\r\n{re.escape(delimiter)}]*+')
