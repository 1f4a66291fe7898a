"""What a plain scalar means: YAML 1.2's core schema, in which ``no`` is a text (chapter 10.3.2)."""

import re
from decimal import Decimal

_NULL = ("", "~", "null", "Null", "NULL")
_BOOLEANS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]++")
_OTHER_BASE = re.compile(r"0o[0-7]++|0x[0-9a-fA-F]++")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]++|[0-9]++(?:\.[0-9]*+)?)(?:[eE][-+]?[0-9]++)?")
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
MAX_DIGITS = 4300
"""Python reads no longer integer."""


class NotANumber(ValueError):
    """The scalar is infinite or no number, which JSON and a schema cannot say."""


def plain_value(text: str) -> bool | int | Decimal | str | None:
    """The value of a plain scalar; numbers are exact.

    Raises:
        NotANumber: it is ``.inf`` or ``.nan``.
    """
    if text in _NULL:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if len(text) > MAX_DIGITS:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OTHER_BASE.fullmatch(text):
        return int(text[2:], 8 if text[1] == "o" else 16)
    if _FLOAT.fullmatch(text):
        return Decimal(text)
    if _NO_NUMBER.fullmatch(text):
        raise NotANumber(text)
    return text
