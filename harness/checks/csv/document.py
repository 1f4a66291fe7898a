"""Finds the table of CSV that an answer holds: a header, and a row for each object of a list.

CSV says of no cell what it is, so that a value is text unless the schema gives its column a type:
read by its looks, 01234 would be another kind of post code than 12345.
"""

import json
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from harness.checks.csv.cells import Cell, Refused, Row, line_of, rows_of
from harness.checks.json.decoder import decode
from harness.checks.json.fault import Fault
from harness.checks.json.wording import list_of
from harness.checks.text.document import BLANK, MISSING, Document, Path, Place
from harness.checks.text.edgeless import Parsed, find_document
from harness.checks.text.format_rules import CsvRules
from harness.checks.text.wrappers import Wrappers
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode

_NUMBERS = ("number", "integer")
_WORDS = {"true": True, "false": False}


def read_csv(text: str, wrappers: Wrappers, rules: CsvRules) -> Document:
    """The document of an answer, whose value is a list of objects."""
    return find_document(text, wrappers, partial(_parsed, rules), "the CSV")


def value_of(cell: str, types: frozenset[str]) -> Any:
    """What a cell is in a column of these types: a number or a truth value where it is written as
    JSON's and the column may hold one but no text, null where it is empty and may be, else text."""
    if not cell:
        return None if "null" in types else ""
    if "string" in types or not types:
        return cell
    if "boolean" in types and cell in _WORDS:
        return _WORDS[cell]
    if types.isdisjoint(_NUMBERS) or cell[0] not in "-0123456789":
        return cell
    try:
        number = decode(cell, 0)
    except json.JSONDecodeError:
        return cell
    return number.value if number.end == len(cell) else cell


def _parsed(rules: CsvRules, text: str, is_fenced: bool) -> Parsed:
    blank = BLANK.replace(rules.delimiter, "")
    start, end = len(text) - len(text.lstrip(blank)), len(text.rstrip(blank))
    if start >= end:
        what = "nothing at all" if not text else "nothing but blanks"
        empty = Fault(FailureCode.EMPTY, f"expected CSV, found {what}", (0, len(text)))
        return Parsed(Document(text, len(text), len(text), MISSING, empty))
    table = _Table(rules, text, (start, end))
    try:
        table.read()
    except Refused as refused:
        is_none = refused.fault.code is FailureCode.NO_CSV
        span = (len(text), len(text)) if is_none else (start, end)
        return Parsed(Document(text, *span, MISSING, refused.fault))
    found = Document(text, start, end, table.rows, places=table.places, style=table.style)
    return Parsed(found, table.quoted)


@dataclass(slots=True)
class _Table:
    """The table of a text as far as it was read."""

    rules: CsvRules
    text: str
    span: tuple[int, int]
    header: Row = field(default_factory=list)
    types: list[frozenset[str]] = field(default_factory=list)
    """By column."""
    rows: list[dict[str, Any]] = field(default_factory=list)
    places: dict[Path, Place] = field(default_factory=dict)
    quoted: list[tuple[int, int]] = field(default_factory=list)
    style: Fault | None = None

    def read(self) -> None:
        """Read all rows.

        Raises:
            Refused: the text is no table.
        """
        self.places[()] = Place(self.span)
        for row in rows_of(self.text, *self.span, self.rules.delimiter):
            self.quoted += [cell.span for cell in row if cell.is_quoted]
            if self._is_blank_line(row):
                self._note_blank(row[0])
            elif self.header:
                self._add(row)
            else:
                self._set_header(row)

    def _is_blank_line(self, row: Row) -> bool:
        return len(row) == 1 and not row[0].is_quoted and not row[0].text.strip(BLANK)

    def _note_blank(self, cell: Cell) -> None:
        if self.style is None:
            line = line_of(self.text, cell.span[0])
            reason = f"line {line}: is blank, where each line is a row"
            self.style = Fault(FailureCode.BLANK_LINE, reason, cell.span, cell.span[0])

    def _set_header(self, row: Row) -> None:
        known = {column.name: column.types for column in self.rules.columns}
        span = row[0].span[0], row[-1].span[1]
        if known and not any(cell.text in known for cell in row):
            names = list_of([repr(excerpt(name)) for name in known], "and")
            found = excerpt(self.text[slice(*span)])
            reason = f"expected CSV whose first row names {names}, found {found!r}"
            raise Refused(FailureCode.NO_CSV, reason, self.span)
        if not known and len(row) == 1:
            reason = f"expected CSV, found no {excerpt(self.rules.delimiter)!r} in its first row"
            raise Refused(FailureCode.NO_CSV, reason, self.span)
        self.header = row
        self.types = [known.get(cell.text, frozenset()) for cell in row]
        self._note_repeated()

    def _note_repeated(self) -> None:
        seen: set[str] = set()
        for cell in self.header:
            if cell.text in seen:
                reason = f"the column {excerpt(cell.text)!r} stands twice in the header"
                self.style = Fault(FailureCode.DUPLICATE_KEY, reason, cell.span, cell.span[0])
                return
            seen.add(cell.text)

    def _add(self, row: Row) -> None:
        first, last = row[0].span[0], row[-1].span[1]
        if len(row) != len(self.header):
            line = line_of(self.text, first)
            wanted = f"{len(self.header):,} as in the header"
            reason = f"line {line}: expected {wanted}, found a row of {len(row):,}"
            raise Refused(FailureCode.CELL_COUNT, reason, (first, last))
        index, values = len(self.rows), {}
        self.places[index,] = Place((first, last))
        for name, types, cell in zip(self.header, self.types, row, strict=True):
            values[name.text] = value_of(cell.text, types)
            self.places[index, name.text] = Place(cell.span, name.span)
        self.rows.append(values)
