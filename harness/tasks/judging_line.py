"""One input line of ``harness judge``: what may stand in it, and what is wrong with it."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from harness.checks.json.decoder import decode
from harness.checks.json.wording import kind_of, list_of, show
from harness.core.completion import FinishReason
from harness.core.errors import HarnessError

_BLANK = " \t\n\r"


@dataclass(frozen=True, slots=True)
class JudgingLine:
    """A completion, and what is expected of it. Keys that are not listed here are ignored."""

    id: Any
    """A string or a number; it comes back as it is."""
    completion: str
    prompt: str | None = None
    has_schema: bool = False
    schema: Any = None
    timestamps: dict[str, Any] | None = None
    """JSON pointer to kind, or to the settings of a ``TimestampRule``."""
    grounded: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    """JSON pointers; where there are none, every top-level key of the reference."""
    reference: Any = None
    finish_reason: str | None = None

    @classmethod
    def parse(cls, raw: bytes) -> "JudgingLine":
        """Read one line.

        Raises:
            HarnessError: it is no line to judge; the message says why.
        """
        value = _decoded(raw)
        for key, (is_right, expected) in _EXPECTED.items():
            if value.get(key) is not None and not is_right(value[key]):
                raise HarnessError(f"{key}: expected {expected}, found {show(value[key])}")
        for key in ("id", "completion"):
            if value.get(key) is None:
                raise HarnessError(f"has no {key}, each line needs one")
        return cls(
            id=_plain(value["id"]),
            completion=value["completion"],
            prompt=value.get("prompt"),
            has_schema=value.get("schema") is not None,
            schema=value.get("schema"),
            timestamps=value.get("timestamps"),
            grounded=tuple(value.get("grounded") or ()),
            exact=tuple(value.get("exact") or ()),
            reference=_reference(value.get("reference")),
            finish_reason=value.get("finish_reason"),
        )


def _decoded(raw: bytes) -> dict[str, Any]:
    try:
        text = raw.decode("utf-8").removeprefix("\ufeff").strip(_BLANK)
        decoded = decode(text, 0)
    except UnicodeDecodeError as error:
        raise HarnessError(f"is no UTF-8: byte {error.start + 1} ({error.reason})") from None
    except json.JSONDecodeError as error:
        raise HarnessError(f"is no JSON: {error.msg} at character {error.pos + 1}") from None
    if decoded.end != len(text):
        raise HarnessError(
            f"is no JSON: more text behind the value, at character {decoded.end + 1}"
        )
    if not isinstance(decoded.value, dict):
        raise HarnessError(f"expected an object, found {kind_of(decoded.value)}")
    return decoded.value


def _reference(value: Any) -> Any:
    """A reference written as JSON text is what the text says."""
    if isinstance(value, str) and value.strip(_BLANK)[:1] in ("{", "["):
        try:
            text = value.strip(_BLANK)
            decoded = decode(text, 0)
            return decoded.value if decoded.end == len(text) else value
        except json.JSONDecodeError:
            return value
    return value


def _plain(value: Any) -> Any:
    """An id that ``json.dumps`` can write: a number beyond its range comes back as a string."""
    if isinstance(value, Decimal):
        number = float(value)
        return number if math.isfinite(number) else str(value)
    return value


def _is_pointers(value: Any) -> bool:
    return isinstance(value, list) and all(_is_pointer(item) for item in value)


def _is_pointer(value: Any) -> bool:
    return isinstance(value, str) and (not value or value.startswith("/"))


def _is_timestamps(value: Any) -> bool:
    return isinstance(value, dict) and all(
        _is_pointer(pointer) and (_is_kind(rule) or (isinstance(rule, dict) and _has_kind(rule)))
        for pointer, rule in value.items()
    )


def _has_kind(rule: dict[str, Any]) -> bool:
    return _is_kind(rule.get("kind"))


def _is_kind(value: Any) -> bool:
    return value in ("date", "game_clock")


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int | Decimal) and not isinstance(value, bool)


_EXPECTED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "id": (_is_id, "a string or a number"),
    "completion": (lambda v: isinstance(v, str), "a string"),
    "prompt": (lambda v: isinstance(v, str), "a string"),
    "schema": (lambda v: isinstance(v, dict | bool), "a JSON Schema"),
    "timestamps": (_is_timestamps, "an object of JSON pointer to date or game_clock"),
    "grounded": (_is_pointers, "a list of JSON pointers"),
    "exact": (_is_pointers, "a list of JSON pointers"),
    "finish_reason": (
        lambda v: v in [reason.value for reason in FinishReason],
        list_of([reason.value for reason in FinishReason]),
    ),
}
