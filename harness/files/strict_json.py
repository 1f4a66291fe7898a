"""JSON read strictly, as what strangers wrote: RFC 8259 alone, whatever ``json`` would let through.

No NaN, no infinity, no number beyond a float, no other encoding than UTF-8. Three ways to say what
is wrong: ``NotJson`` for who reads a value, ``UnreadableFile`` for who looks into a model's files,
a HarnessError with file and line for who reads a record.
"""

import json
from collections.abc import Callable
from functools import cache
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")
MAX_BYTES = 256_000_000
"""No tokenizer is larger; what is would only fill the memory."""
MAX_MISTAKES = 5
"""Mistakes of one record that are reported at once."""
_DAMAGED = "the record is damaged or was edited: restore it, or run the suites again"


class NotJson(ValueError):
    """A text is no JSON value; the message says why in a few words, with the column."""

    def __init__(self, reason: str, line: int = 1) -> None:
        super().__init__(reason)
        self.line = line
        """Counted from 1."""


class UnreadableFile(Exception):
    """The file is not what its name says; the message says why, in one line, without its name."""


def decode(text: bytes, *, has_unique_keys: bool = False) -> Any:
    """The JSON value that ``text`` is.

    Args:
        has_unique_keys: refuse an object with a key twice, of which the first value would be lost.

    Raises:
        NotJson: it is none, or nested too deep for Python.
    """
    try:
        return _decoder(has_unique_keys).decode(text.decode("utf-8"))
    except json.JSONDecodeError as error:
        raise NotJson(f"{error.msg} in column {error.colno}", error.lineno) from None
    except RecursionError:
        raise NotJson("JSON nested too deep") from None
    except ValueError as error:  # not UTF-8, not finite, or an integer of thousands of digits
        raise NotJson(f"{str(error).partition(';')[0]:.80}") from None


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a model's file; an empty one where there is no such file.

    Raises:
        UnreadableFile: it is too large, or ``parse_object`` raises.
    """
    if not path.is_file():
        return {}
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UnreadableFile(f"is larger than {MAX_BYTES // 1_000_000} MB")
        return parse_object(path.read_bytes())
    except OSError as error:
        raise UnreadableFile(f"cannot be read ({error.strerror})") from None


def parse_object(text: bytes) -> dict[str, Any]:
    """The JSON object that ``text`` is.

    Raises:
        UnreadableFile: it is no JSON, or another value than an object.
    """
    try:
        value = decode(text)
    except NotJson as error:
        raise UnreadableFile(f"is no JSON ({error}, line {error.line})") from None
    if not isinstance(value, dict):
        raise UnreadableFile("holds no JSON object")
    return value


def parse_json(text: bytes, file: Path, line: int = 1) -> Any:
    """The JSON value of a record's file, or of one line of it.

    Args:
        text: the value and nothing else.
        file: for the message.
        line: of ``file``, on which ``text`` begins.

    Raises:
        HarnessError: it is no JSON value, as ``file:line: what, what next``.
    """
    try:
        return decode(text)
    except NotJson as error:
        raise damaged([f"{file}:{line + error.line - 1}: {error}"]) from None


def validator(adapter: "TypeAdapter[T]") -> "Callable[[Any], T]":
    """Validates decoded JSON as the adapter does, except that no text passes for a number.

    pydantic reads "NaN" and "inf" as floats where it is not strict, and where it is, no list as a
    tuple: here only numbers are strict.
    """
    from pydantic_core import SchemaValidator

    validate: Callable[[Any], T] = SchemaValidator(
        _strict_numbers(adapter.core_schema)
    ).validate_python
    return validate


def _strict_numbers(schema: Any) -> Any:
    if isinstance(schema, list | tuple):
        return type(schema)(map(_strict_numbers, schema))
    if not isinstance(schema, dict):
        return schema
    inner = {key: _strict_numbers(value) for key, value in schema.items()}
    if schema.get("type") == "float":
        return {**inner, "strict": True, "allow_inf_nan": False}
    return {**inner, "strict": True} if schema.get("type") == "int" else inner


def mistake(error: Any) -> str:
    """One of a pydantic ValidationError's errors: the path to the value and what is wrong there."""
    where = ".".join(str(part)[:80] for part in error["loc"])
    return f"{where}: {error['msg']}" if where else str(error["msg"])


def damaged(mistakes: list[str]) -> HarnessError:
    """The error for mistakes in a record's file: the first few, with what to do next."""
    shown = [f"{m}, {_DAMAGED}" for m in mistakes[:MAX_MISTAKES]]
    if len(mistakes) > MAX_MISTAKES:
        shown.append(f"... and {len(mistakes) - MAX_MISTAKES} more mistakes")
    return HarnessError(*shown)


@cache
def _decoder(has_unique_keys: bool) -> json.JSONDecoder:
    hook = _unique if has_unique_keys else None
    return json.JSONDecoder(parse_float=_finite, parse_constant=_finite, object_pairs_hook=hook)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"the key {twice!r:.40} stands twice in one object")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text:.40} is no JSON number that a float can hold")
    return number
