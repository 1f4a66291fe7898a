"""Describes the fault of a JSON value in the words and codes of verdicts."""

import json
import re
from dataclasses import dataclass

from harness.checks.json.brackets import Brackets
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode

_WORD = re.compile(r"[+-]?[\w$.]{1,40}")
_NOT_A_NUMBER = re.compile(r"[+-]?(?:nan|infinity|inf)\b", re.IGNORECASE)
_CUT_TOKEN = re.compile(r"(?:t|tr|tru|f|fa|fal|fals|n|nu|nul|-|\.|\.?[eE][+-]?)(?=[ \t\n\r]*+\Z)")
_CUT_ESCAPE = re.compile(r"\\?u?[0-9a-fA-F]{0,3}\Z")
_OTHER_LANGUAGES = ("True", "False", "None", "undefined", "TRUE", "FALSE", "NULL", "Null", "nil")
_QUOTES = "'`\u2018\u2019\u201c\u201d"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text holds no sound JSON value."""

    code: FailureCode
    reason: str
    span: tuple[int, int]
    """The characters to point at."""
    position: int = 0
    """Offset of the first character that a strict parser cannot accept."""


def explain_fault(text: str, error: json.JSONDecodeError, brackets: Brackets | None) -> Fault:
    """Turn the decoder's ``error`` in ``text`` into a fault.

    ``brackets`` are those of the value; ``None`` when it is a number, a string or a literal.
    """
    position = error.pos
    if error.msg.startswith("Illegal trailing comma"):  # since 3.13; ``pos`` is the comma
        position = len(text) - len(text[position + 1 :].lstrip())
    if word := _NOT_A_NUMBER.match(text, position):
        reason = f"expected a JSON value, found {word[0]}: JSON has no such number"
        return Fault(FailureCode.NAN, reason, word.span(), position)
    if (brackets is None or brackets.end is None) and (
        cut := _cut_off(text, position, error.msg, brackets)
    ):
        return cut
    quote = brackets.open_string if brackets else None
    if quote is not None and position >= quote:
        reason = "the string that begins here is never closed"
        return Fault(FailureCode.UNCLOSED, reason, (quote, _line_end(text, quote)), position)
    expected_comma = error.msg.startswith("Expecting ',' delimiter")
    if brackets and brackets.unclosed and expected_comma and text[position : position + 1] in "}]":
        return _unclosed(text, position, brackets)
    reason, span = _syntax(text, position, error.msg)
    return Fault(FailureCode.SYNTAX, reason, span, position)


def _cut_off(text: str, position: int, message: str, brackets: Brackets | None) -> Fault | None:
    """The fault of a value that the end of the text cut off; ``None`` when it is another one."""
    end = len(text)
    if not text[position:].strip():
        if message.startswith("Expecting ',' delimiter") and brackets:
            return _unclosed(text, position, brackets)
        reason = f"the text ends where {_expected(message)} should follow"
        return Fault(FailureCode.TRUNCATED, reason, (end, end), end)
    if message.startswith("Unterminated string"):
        reason = "the text ends inside the string that begins here"
        return Fault(FailureCode.TRUNCATED, reason, (position, end), end)
    if _CUT_TOKEN.match(text, position):
        reason = "the text ends inside a value"
        return Fault(FailureCode.TRUNCATED, reason, (position, end), end)
    quote = brackets.open_string if brackets else None
    is_in_string = quote is not None and position >= quote
    if is_in_string and message.startswith("Invalid \\") and _CUT_ESCAPE.match(text, position):
        reason = "the text ends inside the string that begins here"
        return Fault(FailureCode.TRUNCATED, reason, (quote or 0, end), end)
    return None


def _unclosed(text: str, position: int, brackets: Brackets) -> Fault:
    opener = brackets.unclosed[-1]
    count = len(brackets.unclosed)
    others = f" and {count - 1} more" if count > 1 else ""
    reason = f"the {text[opener]} that opens here{others} is never closed"
    return Fault(FailureCode.UNCLOSED, reason, (opener, opener + 1), position)


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _expected(message: str) -> str:
    for beginning, expected in (
        ("Expecting value", "a value"),
        ("Expecting property name", "a name in double quotes"),
        ("Illegal trailing comma", "a name in double quotes"),
        ("Expecting ':'", "a colon"),
        ("Expecting ','", "a comma or a closing bracket"),
    ):
        if message.startswith(beginning):
            return expected
    return "the end"


def _syntax(text: str, position: int, message: str) -> tuple[str, tuple[int, int]]:
    """The reason and the span of a fault that is neither at the end nor about brackets."""
    char = text[position : position + 1]
    here = (position, min(position + 1, len(text)))
    if message.startswith("Invalid control character"):
        return f"a raw control character {excerpt(char)} in a string, JSON wants it escaped", here
    if message.startswith("Invalid \\"):
        backslash = text.rfind("\\", 0, position + 1)
        found = text[backslash : backslash + 2]
        return f"the escape {excerpt(found)} is none of JSON's", (backslash, backslash + len(found))
    expected = _expected(message)
    if char in ("}", "]") and expected != "a colon":
        comma = len(text[:position].rstrip()) - 1
        if text[comma : comma + 1] == ",":
            return f"a comma before the closing {char}", (comma, position + 1)
    if char in _QUOTES and char:
        return f"expected {expected}, found the quote {char} where JSON wants double quotes", here
    if (char == "/" and text[position + 1 : position + 2] in "/*") or char == "#":
        close = text.find("*/", position) if text.startswith("/*", position) else -1
        end = close + 2 if close >= 0 else _line_end(text, position)
        return "a comment, and JSON has none", (position, end)
    if char.isdigit() and text[position - 1 : position] == "0" and expected.startswith("a comma"):
        return "a number does not begin with 0", (position - 1, position)
    word = _WORD.match(text, position)
    if word and word[0] in _OTHER_LANGUAGES:
        return f"{word[0]} is no JSON value (true, false and null are)", word.span()
    if char == '"' and expected.startswith("a comma"):
        return "expected a comma before this string", here
    found = excerpt(word[0] if word else char)
    return f"expected {expected}, found {found!r}", word.span() if word else here
