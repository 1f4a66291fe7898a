"""Makes a text that a simple regular expression matches, to break ``forbidden`` with."""

import re
import string
from collections.abc import Iterable
from re import _constants as code  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from harness.checks.text.text_patterns import matches

_CHARACTERS = string.ascii_lowercase + string.ascii_uppercase + string.digits + " -_.,:/'()"


def sample_of(pattern: str) -> str:
    """A short text that ``pattern`` matches, or "" where it is beyond this file.

    Python's own parser takes the pattern apart: of alternatives the first is taken, of repeats as
    few as there may be and at least one.
    """
    try:
        text = _text(parser.parse(pattern))
    except (re.error, KeyError, RecursionError):
        return ""
    return text if any(matches("", pattern, text)) else ""


def _text(parts: Iterable[tuple[Any, Any]]) -> str:
    return "".join(_piece(kind, value) for kind, value in parts)


def _piece(kind: Any, value: Any) -> str:
    if kind is code.LITERAL:
        return chr(value)
    if kind in (code.AT, code.ASSERT, code.ASSERT_NOT):
        return ""
    if kind is code.BRANCH:
        return _text(value[1][0])
    if kind is code.SUBPATTERN:
        return _text(value[3])
    if kind in (code.MAX_REPEAT, code.MIN_REPEAT):
        least, most, inner = value
        return _text(inner) * int(max(least, min(1, most)))
    if kind is code.IN:
        return _character(value)
    if kind is code.NOT_LITERAL:
        return _character([(code.NEGATE, None), (code.LITERAL, value)])
    return {code.ANY: "x"}[kind]


def _character(items: list[tuple[Any, Any]]) -> str:
    is_negated = items[0][0] is code.NEGATE
    return next(
        (c for c in _CHARACTERS if any(_matches(c, *i) for i in items) is not is_negated), ""
    )


def _matches(character: str, kind: Any, value: Any) -> bool:
    if kind is code.LITERAL:
        return bool(ord(character) == value)
    if kind is code.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    if kind is code.CATEGORY:
        return _in_category(character, value)
    return False


def _in_category(character: str, category: Any) -> bool:
    classes = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}
    _, _, name = str(category).partition("CATEGORY_")
    negated = name.startswith("NOT_")
    found = re.match(classes[name.removeprefix("NOT_")], character)
    return (found is None) is negated
