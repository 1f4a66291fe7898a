"""The regular expressions that a task declares for free text, run in bounded time.

They are those of the ``regex`` library, a superset of Python's. (A schema's patterns are
ECMA-262: ``json_schema_pattern``.)
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import regex

from harness.checks.text.pattern_size import is_oversized
from harness.core.errors import HarnessError
from harness.core.verdict import FailureCode, Verdict

PATTERN_SECONDS = 0.5
"""The most time that one pattern may take on one completion."""


@dataclass(frozen=True, slots=True)
class Match:
    """One place where a named pattern matches."""

    name: str
    text: str
    span: tuple[int, int]


class PatternTimeout(Exception):
    """A task's pattern took longer than ``PATTERN_SECONDS`` on one completion."""

    def verdict(self) -> Verdict:
        return Verdict.error(FailureCode.TASK_ERROR, str(self))


@lru_cache(maxsize=256)
def compile_text_pattern(pattern: str) -> "regex.Pattern[str]":
    """The compiled pattern; ``^`` and ``$`` are those of a line.

    Raises:
        HarnessError: it is no regular expression, or one that fills the memory.
    """
    if is_oversized(pattern):
        raise HarnessError(f"{pattern!r:.200} is too large, its repeats are written out")
    try:
        return regex.compile(pattern, regex.VERSION0 | regex.MULTILINE)
    except (regex.error, RecursionError, OverflowError) as error:
        raise HarnessError(f"{pattern!r} is no regular expression: {error}") from None


def matches(name: str, pattern: str, text: str) -> Iterator[Match]:
    """Every place in ``text`` where the pattern matches some characters, in reading order.

    Raises:
        PatternTimeout: the time limit is reached.
    """
    compiled = compile_text_pattern(pattern)
    try:
        for match in compiled.finditer(text, timeout=PATTERN_SECONDS):
            if match[0]:
                yield Match(name, match[0], match.span())
    except TimeoutError:
        raise PatternTimeout(
            f"the pattern {name} did not finish within {PATTERN_SECONDS} s: write it without "
            "nested repeats"
        ) from None


def match_whole(pattern: str, text: str, seconds: float) -> tuple[bool, float]:
    """True where the pattern matches all of ``text``, and the seconds that are then left.

    Raises:
        PatternTimeout: none are.
    """
    compiled = compile_text_pattern(pattern)
    start = time.monotonic()
    try:
        if seconds > 0:
            found = compiled.fullmatch(text, timeout=seconds) is not None
            return found, seconds - (time.monotonic() - start)
    except TimeoutError:
        pass
    raise PatternTimeout(
        f"the pattern {pattern!r:.80} did not finish within {PATTERN_SECONDS} s on all values of "
        "the answer: write it without nested repeats"
    )
