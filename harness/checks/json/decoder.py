"""Strict decoding of one JSON value (RFC 8259) at any depth and of any size.

The interpreter's own C decoder does the work; this file takes away what it accepts beyond the
RFC (``NaN``, ``Infinity``) and adds what it refuses to decode (100,000 levels, numbers of more
than 4,300 digits). Nothing here looks for the value or forgives a mistake in it.

Numbers are exact: an integer is an ``int`` (a ``Decimal`` from 4,000 digits on), every other
number a ``Decimal``. An exponent beyond ``10**18`` is clamped to that.
"""

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

NOT_A_NUMBER = "NaN and Infinity are no JSON"
"""Message of the error raised at ``NaN``, ``Infinity`` or ``-Infinity``."""
_MAX_INT_DIGITS = 4000
MAX_BUILT_DEPTH = 500
"""Arrays below this depth are decoded as empty ones and members of objects as ``None``: their text
is checked, no schema that ends looks at them, and a million lists are not built."""
_ARRAYS = re.compile(r"\[(?:[ \t\n\r]*+\[)*+")
_NEXT_BRACKETS = re.compile(r'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+([{\[]++|[}\]]++)', re.DOTALL)
_WHITESPACE = re.compile(r"[ \t\n\r]*+")
_MORE_ARRAYS = ("[", " ", "\t", "\n", "\r")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(\.[0-9]++)?+([eE][-+]?[0-9]++)?+")
_BEFORE_NOT_A_NUMBER = re.compile(r'(?:[^"NI-]++|"(?:[^"\\]++|\\.)*+"|-(?!Infinity))*+', re.DOTALL)
_LITERALS = {"t": ("true", True), "f": ("false", False), "n": ("null", None)}
_NOT_NUMBERS = {"N": "NaN", "I": "Infinity", "-": "-Infinity"}


@dataclass(frozen=True, slots=True)
class Decoded:
    """One JSON value and where it ends."""

    value: Any
    end: int
    """Offset behind the value's last character."""
    has_duplicates: bool = False
    """Two members of one object share a name; ``value`` holds the last of them."""


class DeepArray(list[Any]):
    """An array of a value too deep for the C decoder; its ``repr`` does not recurse."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"an array of {len(self)}"


class DeepObject(dict[str, Any]):
    """An object of a value too deep for the C decoder; its ``repr`` does not recurse."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"an object of {len(self)}"


class _Duplicate(Exception):
    """An object with two members of one name."""


class _NotANumber(Exception):
    """NaN, Infinity or -Infinity."""


def decode(text: str, start: int) -> Decoded:
    """Decode the JSON value that begins at ``start``; what follows it is not looked at.

    Raises:
        json.JSONDecodeError: no JSON value begins there. ``pos`` is the first character that no
            JSON value can have at its place.
    """
    try:
        value, end = _FAST.raw_decode(text, start)
    except json.JSONDecodeError:
        raise
    except (_Duplicate, ValueError, InvalidOperation, RecursionError, _NotANumber):
        return _decode_unusual(text, start)
    return Decoded(value, end)


def _decode_unusual(text: str, start: int) -> Decoded:
    duplicates: list[bool] = []

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            duplicates.append(True)
        return members

    decoder = json.JSONDecoder(
        object_pairs_hook=build,
        parse_int=exact_number,
        parse_float=exact_number,
        parse_constant=_refuse_constant,
    )
    try:
        value, end = decoder.raw_decode(text, start)
    except RecursionError:
        return decode_deep(text, start)
    except _NotANumber:
        before = _BEFORE_NOT_A_NUMBER.match(text, start)
        raise json.JSONDecodeError(NOT_A_NUMBER, text, before.end() if before else start) from None
    return Decoded(value, end, bool(duplicates))


def end_of_value(text: str, start: int) -> int:
    """The end of the sound JSON value that begins at ``start``, at any depth."""
    if text[start] not in "{[":
        return decode(text, start).end
    depth = 0
    for brackets in _NEXT_BRACKETS.finditer(text, start):
        count = len(brackets[1])
        if brackets[1][0] in "{[":
            depth += count
        elif depth <= count:
            return brackets.start(1) + depth
        else:
            depth -= count
    raise ValueError("the value is not closed")


def decode_deep(text: str, start: int) -> Decoded:
    """As ``decode``, without recursion: slower by far, and at home at any depth.

    Raises:
        json.JSONDecodeError: as ``decode``.
    """
    return _DeepDecoder(text).decode(start)


_UNBUILT = DeepArray()
"""Stands for every array below ``MAX_BUILT_DEPTH``."""


class _DeepDecoder:
    """Keeps the open containers in a list instead of on the stack."""

    __slots__ = ("has_duplicates", "open", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.open: list[tuple[Any, str]] = []
        self.has_duplicates = False

    def decode(self, start: int) -> Decoded:
        text, stack = self.text, self.open
        position = start
        while True:
            char = text[position : position + 1]
            value: Any
            if char == "[":
                position = self._open_arrays(position)
                if text[position : position + 1] != "]":
                    continue
                value, position = stack.pop()[0], position + 1
            elif char == "{":
                value, position = DeepObject(), self._skip(position + 1)
                if text[position : position + 1] != "}":
                    key, position = self._key(position)
                    stack.append((value, key))
                    continue
                position += 1
            else:
                value, position = self._scalar(char, position)
            position, closed = self._attach(value, position)
            if not stack:
                return Decoded(closed, position, self.has_duplicates)

    def _open_arrays(self, position: int) -> int:
        """Open the arrays that begin here one in the other; returns where the innermost begins."""
        if self.text[position + 1 : position + 2] not in _MORE_ARRAYS:
            self.open.append((DeepArray() if len(self.open) < MAX_BUILT_DEPTH else _UNBUILT, ""))
            return position + 1
        run = _ARRAYS.match(self.text, position)
        brackets = run[0] if run else "["
        count = brackets.count("[")
        built = max(0, min(count, MAX_BUILT_DEPTH - len(self.open)))
        self.open += [(DeepArray(), "") for _ in range(built)]
        self.open += [(_UNBUILT, "")] * (count - built)
        return self._skip(position + len(brackets))

    def _attach(self, value: Any, position: int) -> tuple[int, Any]:
        """Put a finished value into its container, and close the containers that end with it.

        Returns where the next value begins and the last value finished.
        """
        text, stack = self.text, self.open
        while stack:
            container, key = stack[-1]
            is_array = type(container) is DeepArray
            if not is_array:
                self.has_duplicates = self.has_duplicates or key in container
                container[key] = value if len(stack) <= MAX_BUILT_DEPTH else None
            elif container is not _UNBUILT:
                container.append(value)
            position = self._skip(position)
            char = text[position : position + 1]
            if char == ",":
                position = self._skip(position + 1)
                if not is_array:
                    key, position = self._key(position)
                    stack[-1] = (container, key)
                return position, None
            if char != ("]" if is_array else "}"):
                raise json.JSONDecodeError("Expecting ',' delimiter", text, position)
            stack.pop()
            value, position = container, position + 1
        return position, value

    def _key(self, position: int) -> tuple[str, int]:
        text = self.text
        if text[position : position + 1] != '"':
            message = "Expecting property name enclosed in double quotes"
            raise json.JSONDecodeError(message, text, position)
        key, position = scanstring(text, position + 1, True)
        position = self._skip(position)
        if text[position : position + 1] != ":":
            raise json.JSONDecodeError("Expecting ':' delimiter", text, position)
        return key, self._skip(position + 1)

    def _scalar(self, char: str, position: int) -> tuple[Any, int]:
        text = self.text
        if char == '"':
            string, end = scanstring(text, position + 1, True)
            return string, end
        if char in _LITERALS:
            word, value = _LITERALS[char]
            if text.startswith(word, position):
                return value, position + len(word)
        if char in _NOT_NUMBERS and text.startswith(_NOT_NUMBERS[char], position):
            raise json.JSONDecodeError(NOT_A_NUMBER, text, position)
        number = _NUMBER.match(text, position)
        if number is None:
            raise json.JSONDecodeError("Expecting value", text, position)
        return exact_number(number[0]), number.end()

    def _skip(self, position: int) -> int:
        if self.text[position : position + 1] in " \t\n\r":
            blank = _WHITESPACE.match(self.text, position)
            return blank.end() if blank else position
        return position


def exact_number(digits: str) -> int | Decimal:
    """The exact value of a JSON number; an exponent beyond ``10**18`` is clamped to that."""
    if digits.lstrip("-").isdigit() and len(digits) <= _MAX_INT_DIGITS:
        try:
            return int(digits)
        except ValueError:  # the interpreter runs with a lower limit of digits
            return Decimal(digits)
    try:
        return Decimal(digits)
    except InvalidOperation:
        return _clamped(digits)


def _clamped(digits: str) -> Decimal:
    mantissa, _, exponent = digits.lower().partition("e")
    if not mantissa.strip("-0."):
        return Decimal(0)
    sign = "-" if mantissa.startswith("-") else ""
    return Decimal(f"{sign}1e{'-' if exponent.startswith('-') else ''}{10**18 - 1}")


def _build_unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Duplicate
    return members


def _refuse_constant(_: str) -> None:
    raise _NotANumber


_FAST = json.JSONDecoder(
    object_pairs_hook=_build_unique, parse_float=Decimal, parse_constant=_refuse_constant
)
