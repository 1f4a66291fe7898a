"""Answers that are JSON, key by key: one row for each value, one cell for each answer.

Reads RFC 8259 and nothing more lenient: an answer in a Markdown fence is not JSON.
``assets/keys.js`` does the same, so that a page reads the same with scripts and without.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from harness.report.words import numbers as words

MOST_DEPTH = 100
MOST_ROWS = 40
"""Of one table; the rest are counted."""
MOST_CHARACTERS = 200
"""Of one value."""
MOST_VALUES = 500
"""Of one answer."""
NOT_JSON, TOO_DEEP, TOO_MANY = "not JSON", "nested too deep", "too many values"


@dataclass(frozen=True, slots=True)
class Value:
    """One string, number, literal or empty container."""

    kind: str
    """``string``, ``number``, ``boolean``, ``null``, ``object`` or ``array``."""
    shown: str
    """As it stands in the text, strings in quotes without escapes."""
    is_twice: bool = False
    """Its key stands in the text more than once; this is the last of them."""

    def is_like(self, other: "Value | None") -> bool:
        """Whether both are the same value: 1.0 is 1, and "1" is not."""
        if other is None or self.kind != other.kind:
            return False
        return self.shown == other.shown or (
            self.kind == "number" and _is_equal(self.shown, other.shown)
        )


_WHOLE = re.compile("-?[0-9]+")

Values = dict[str, Value]
"""By JSON pointer (RFC 6901), in the order of the text."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One answer's value in one row."""

    value: Value | None
    is_wrong: bool
    """It is not what the reference says, or the reference has no such key."""
    has_kind: bool
    """The row's values are of different kinds, so each says its own."""

    @property
    def text(self) -> str:
        """The value, cut to what a table can hold."""
        assert self.value is not None, "there is one"
        text = self.value.shown
        return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One pointer."""

    pointer: str
    differs: bool
    """Not all answers say the same, or one is not what the reference says."""
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class KeyTable:
    """What JSON answers say, the keys that differ first."""

    heads: tuple[str, ...]
    """What keeps each column from having values, such as ``not JSON``; else nothing."""
    rows: tuple[KeyRow, ...]
    left: int
    """Rows that are not shown."""
    total: int
    apart: int | None
    """Rows in which the answers differ from each other; ``None`` of one answer."""
    wrong: int | None
    """Rows in which an answer is not what the reference says; ``None`` without a reference."""

    @property
    def is_notable(self) -> bool:
        """Some row is not alike all along."""
        return any(row.differs for row in self.rows)

    @property
    def said(self) -> str:
        """``3 values: 2 differ, 1 is not the reference's``."""
        if self.apart is None and self.wrong is None:
            return f"{words.plural(self.total, 'value')}: only one answer is JSON"
        said = []
        if self.apart is not None:
            verb = "differs" if self.apart == 1 else "differ"
            said.append(f"{self.apart} {verb}" if self.apart else "both alike")
        if self.wrong is not None:
            verb = "is" if self.wrong == 1 else "are"
            wrong = f"{self.wrong} {verb} not the reference's"
            said.append(wrong if self.wrong else "as the reference says")
        return f"{words.plural(self.total, 'value')}: {', '.join(said)}"


def key_table(answers: Sequence[str | None], reference: str) -> KeyTable | None:
    """The answers by their keys, with the reference in the last column where there is one.

    ``None`` where no answer is a JSON object or array, or there is nothing to compare one with.

    Args:
        answers: each side's text; ``None`` where it has none, or not the whole.
        reference: JSON, or nothing.
    """
    read = [values_of(text) if text is not None else "" for text in answers]
    if not any(isinstance(found, dict) for found in read):
        return None
    expected = values_of(reference) if reference else ""
    if isinstance(expected, dict):
        read.append(expected)
    if len(read) < 2:
        return None
    columns = [found if isinstance(found, dict) else {} for found in read]
    known = expected if isinstance(expected, dict) else None
    pointers = dict.fromkeys(pointer for values in columns for pointer in values)
    is_read = [isinstance(found, dict) for found in read]
    rows = [_row(pointer, columns, is_read, known) for pointer in pointers]
    ordered = sorted(rows, key=lambda row: not row.differs)
    return KeyTable(
        tuple(found if isinstance(found, str) else "" for found in read),
        tuple(ordered[:MOST_ROWS]),
        max(0, len(rows) - MOST_ROWS),
        len(rows),
        _apart(columns[: len(answers)], is_read, pointers),
        None if known is None else sum(any(c.is_wrong for c in row.cells) for row in rows),
    )


def _apart(
    columns: Sequence[Values], is_read: Sequence[bool], pointers: Iterable[str]
) -> int | None:
    """In how many rows the answers that are JSON differ; ``None`` of fewer than two."""
    read = [values for values, has_values in zip(columns, is_read, strict=False) if has_values]
    if len(read) < 2:
        return None
    return sum(not _is_alike([values.get(pointer) for values in read]) for pointer in pointers)


def values_of(text: str) -> Values | str:
    """The values of a JSON object or array, or why there are none."""
    try:
        whole = _DECODER.decode(text)
    except RecursionError:
        return TOO_DEEP
    except ValueError:
        return NOT_JSON
    if not isinstance(whole, _Object | list):
        return NOT_JSON
    found: Values = {}
    for pointer, value in _leaves(whole):
        if value is None:
            return TOO_DEEP
        if len(found) == MOST_VALUES:
            return TOO_MANY
        found[pointer] = Value(value.kind, value.shown, is_twice=pointer in found)
    return found


def _is_equal(one: str, other: str) -> bool:
    """Two numbers that are written otherwise, as doubles; two whole numbers by their digits, of
    which a double does not hold all."""
    if _WHOLE.fullmatch(one) and _WHOLE.fullmatch(other):
        return False
    return float(one) == float(other) and isfinite(float(one))


def _row(
    pointer: str, columns: Sequence[Values], is_read: Sequence[bool], expected: Values | None
) -> KeyRow:
    values = [column.get(pointer) for column in columns]
    kinds = {value.kind for value in values if value}
    wanted = None if expected is None else expected.get(pointer)
    cells = tuple(
        Cell(value, _is_wrong(value, wanted, expected) and has_values, len(kinds) > 1)
        for value, has_values in zip(values, is_read, strict=True)
    )
    judged = [value for value, has_values in zip(values, is_read, strict=True) if has_values]
    differs = not _is_alike(judged) or any(v and v.is_twice for v in judged)
    return KeyRow(pointer, differs, cells)


def _is_alike(values: Sequence[Value | None]) -> bool:
    first = values[0]
    return all(v is None if first is None else first.is_like(v) for v in values[1:])


def _is_wrong(value: Value | None, wanted: Value | None, expected: Values | None) -> bool:
    if expected is None:
        return False
    return wanted is not None if value is None else not value.is_like(wanted)


class _Object(list[tuple[str, Any]]):
    """The members of an object, twice where a key stands twice."""


class _Number(str):
    """A number as it is written."""


def _refused(text: str) -> Any:
    raise ValueError(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_Object,
    parse_int=_Number,
    parse_float=_Number,
    parse_constant=_refused,
)


def _leaves(whole: Any) -> Iterator[tuple[str, Value | None]]:
    """Each value's pointer, in the order of the text; ``None`` for one that lies too deep."""
    waiting: list[tuple[str, int, Any]] = [("", 0, whole)]
    while waiting:
        pointer, depth, value = waiting.pop()
        if isinstance(value, list) and value:
            if depth >= MOST_DEPTH:
                yield pointer, None
                return
            members = value if isinstance(value, _Object) else enumerate(value)
            inner = [(f"{pointer}/{_escaped(str(k))}", depth + 1, v) for k, v in members]
            waiting += reversed(inner)
        else:
            yield pointer, _scalar(value)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _scalar(value: Any) -> Value:
    if isinstance(value, _Number):
        return Value("number", str(value))
    if isinstance(value, str):
        return Value("string", f'"{value}"')
    if isinstance(value, bool):
        return Value("boolean", "true" if value else "false")
    if value is None:
        return Value("null", "null")
    return Value("object", "{}") if isinstance(value, _Object) else Value("array", "[]")
