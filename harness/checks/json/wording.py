"""JSON values in the words of a reason: short, on one line, safe to print, at any size."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from harness.core.printable import excerpt

_KINDS = {bool: "the boolean", str: "the string", list: "an array", dict: "an object"}
_MAX_LISTED = 6


def kind_of(value: Any) -> str:
    """``the string``, ``an object``, ``null``: what a value is, with its article."""
    if value is None:
        return "null"
    for kind, words in _KINDS.items():
        if isinstance(value, kind):
            return words
    return "the number"


def show(value: Any) -> str:
    """The value as JSON when it is short, else its beginning, or how much is in it."""
    if isinstance(value, str):
        return excerpt(json.dumps(value[:200], ensure_ascii=False))
    if isinstance(value, dict | list):
        if len(value) <= 4 and all(not isinstance(item, dict | list) for item in _items(value)):
            brackets = "{}" if isinstance(value, dict) else "[]"
            return excerpt(brackets[0] + ", ".join(_shown_items(value)) + brackets[1])
        words = "object of {} members" if isinstance(value, dict) else "array of {} items"
        return f"an {words.format(len(value))}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return excerpt(number_text(value))


def number_text(value: int | Decimal | float) -> str:
    """The number's digits; those of a very long one are not all written out."""
    if isinstance(value, int) and abs(value) >= 10**100:
        return f"a number of about {value.bit_length() * 30103 // 100000 + 1} digits"
    return str(value)


def list_of(words: Sequence[str], joint: str = "or") -> str:
    """``a, b or c``; the seventh word and those behind it are counted."""
    if len(words) > _MAX_LISTED:
        return f"{', '.join(words[:_MAX_LISTED])} {joint} {len(words) - _MAX_LISTED} more"
    return f" {joint} ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _items(value: Any) -> Sequence[Any]:
    return list(value.values()) if isinstance(value, dict) else value


def _shown_items(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"{show(name)}: {show(member)}" for name, member in value.items()]
    return [show(item) for item in value]
