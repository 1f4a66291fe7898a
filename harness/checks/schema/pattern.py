"""The regular expressions of a schema: ECMA-262 in meaning, run by ``regex``, under a time limit.

JSON Schema means ECMA-262 with Unicode: ``$`` is the very end, ``\\d`` and ``\\w`` are ASCII,
``\\p{L}`` is any letter. What the two dialects share is passed on as it is.
"""

import time
from functools import lru_cache

import regex

from harness.checks.schema.timeout import (
    PATTERN_SECONDS,
    SchemaTimeout,
    pattern_seconds_left,
    spend_on_patterns,
)
from harness.checks.text.pattern_size import is_oversized

_SPACE = r"\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_", "s": _SPACE}
_WORD_EDGE = (
    "(?:(?<=[A-Za-z0-9_])(?![A-Za-z0-9_])|(?<![A-Za-z0-9_])(?=[A-Za-z0-9_]))",
    "(?:(?<=[A-Za-z0-9_])(?=[A-Za-z0-9_])|(?<![A-Za-z0-9_])(?![A-Za-z0-9_]))",
)
_SAME_LETTERS = "tnvfr0pP123456789"


class PatternError(ValueError):
    """A pattern that is no regular expression."""


def found_in(pattern: str, text: str) -> bool:
    """True when ``pattern`` matches anywhere in ``text``.

    The time is the thread's own: on a busy machine a pattern is not slower.

    Raises:
        SchemaTimeout: all patterns together took ``PATTERN_SECONDS`` on this value.
    """
    compiled = compile_pattern(pattern)
    while (left := pattern_seconds_left()) > 0:
        start = time.thread_time()
        try:
            return compiled.search(text, timeout=left) is not None
        except TimeoutError:
            continue
        finally:
            spend_on_patterns(time.thread_time() - start)
    raise SchemaTimeout(
        f"the pattern {pattern!r} did not finish within {PATTERN_SECONDS} s: write it without "
        "nested repeats"
    )


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> "regex.Pattern[str]":
    """The compiled form of an ECMA-262 pattern.

    Raises:
        PatternError: it is no regular expression, or one that fills the memory.
    """
    if is_oversized(pattern):
        raise PatternError(f"{pattern!r:.200} is too large, its repeats are written out")
    try:
        return regex.compile(translate_pattern(pattern), regex.VERSION0)
    except (regex.error, ValueError, OverflowError, RecursionError) as error:
        raise PatternError(f"{pattern!r} is no regular expression: {error}") from None


def translate_pattern(pattern: str) -> str:
    """The ECMA-262 ``pattern`` in the syntax of the ``regex`` library."""
    parts: list[str] = []
    position = 0
    in_class = False
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            part, position = _escape(pattern, position, in_class)
            parts.append(part)
            continue
        position += 1
        if in_class:
            in_class = char != "]"
            parts.append(r"\[" if char == "[" else char)
        elif char == "[":
            part, position = _open_class(pattern, position)
            in_class = part[0] == "["
            parts.append(part)
        else:
            parts.append({"$": r"\Z", ".": r"[^\n\r\u2028\u2029]"}.get(char, char))
    return "".join(parts)


def _open_class(pattern: str, position: int) -> tuple[str, int]:
    """The beginning of a class; ``[]`` matches nothing in ECMA-262 and ``[^]`` anything."""
    if pattern.startswith("^]", position):
        return "(?s:.)", position + 2
    if pattern.startswith("]", position):
        return "(?!)", position + 1
    if pattern.startswith("^", position):
        return "[^", position + 1
    return "[", position


def _escape(pattern: str, position: int, in_class: bool) -> tuple[str, int]:
    """Translate the escape that begins at ``position``; returns it and where it ends."""
    letter = pattern[position + 1 : position + 2]
    end = position + 2
    if not letter:
        raise PatternError(f"{pattern!r} is no regular expression: it ends in a backslash")
    if letter.lower() in _CLASSES:
        return _class_escape(letter, in_class), end
    if letter in "bB" and not in_class:
        return _WORD_EDGE[letter == "B"], end
    if letter == "c" and pattern[end : end + 1].isalpha():
        return f"\\x{ord(pattern[end]) % 32:02x}", end + 1
    if letter == "x":
        return pattern[position : position + 4], position + 4
    if letter == "k" and pattern.startswith("<", end) and ">" in pattern[end:]:
        close = pattern.index(">", end)
        return f"(?P={pattern[end + 1 : close]})", close + 1
    if letter == "u":
        return _code_point(pattern, position)
    if letter in _SAME_LETTERS or (letter == "b" and in_class):
        return pattern[position:end], end
    if letter.isascii() and letter.isalpha():
        raise PatternError(f"{pattern!r} is no regular expression: \\{letter} is no escape")
    return regex.escape(letter), end


def _class_escape(letter: str, in_class: bool) -> str:
    members = _CLASSES[letter.lower()]
    if letter.islower():
        return members if in_class else f"[{members}]"
    if not in_class:
        return f"[^{members}]"
    # A complement inside a class: `regex` reads its own \D, \W, \S there, which know Unicode.
    return {"D": r"\x00-/:-\U0010ffff", "W": r"\x00-/:-@\[-\^`{-\U0010ffff"}.get(letter, r"\S")


def _code_point(pattern: str, position: int) -> tuple[str, int]:
    if pattern.startswith("{", position + 2):
        close = pattern.find("}", position)
        digits, end = pattern[position + 3 : close], close + 1
    else:
        digits, end = pattern[position + 2 : position + 6], position + 6
    try:
        code = int(digits, 16) if len(digits) == 4 or pattern[position + 2] == "{" else -1
        if 0xD800 <= code < 0xDC00 and pattern.startswith("\\u", end):
            low = int(pattern[end + 2 : end + 6], 16)
            code, end = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00), end + 6
        return regex.escape(chr(code)), end
    except (ValueError, OverflowError):
        message = f"{pattern!r} is no regular expression: \\u{digits} is no character"
        raise PatternError(message) from None
