"""Which brackets match, in text that need not be JSON: strings are seen, nothing else is.

A string begins at ``"`` and ends at the next ``"`` that no backslash escapes, line ends included,
because models forget to escape them. A quote that nothing closes opens a string only inside a
value, and only to the end of its line; elsewhere it is an ordinary character.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+("?)', re.DOTALL)
_CLOSERS = {"}": "{", "]": "["}


@dataclass(frozen=True, slots=True)
class Brackets:
    """The matching of brackets in a stretch of text. All offsets are into the whole text."""

    end: int | None
    """Behind the bracket that closes the first opener; ``None`` when none does."""
    unclosed: tuple[int, ...]
    """Openers that no closer of their kind closes, in reading order."""
    stray: tuple[int, ...]
    """Closers that close nothing, in reading order."""
    open_string: int | None
    """The quote that opens a string which nothing closes."""


def match_brackets(
    text: str, start: int, stop: int, *, in_value: bool, only_first: bool = False
) -> Brackets:
    """Match the brackets of ``text[start:stop]``.

    ``in_value`` says that the stretch is a JSON value: an unclosed quote hides what follows on
    its line. ``only_first`` ends the search where the first opener is closed.
    """
    masked, open_string = _mask_strings(text[start:stop], in_value)
    stack: list[int] = []
    depth = {"{": 0, "[": 0}
    unclosed: list[int] = []
    stray: list[int] = []
    end: int | None = None
    for index, char in enumerate(masked):
        if char in "{[":
            stack.append(index)
            depth[char] += 1
        elif char in "}]":
            opener = _CLOSERS[char]
            if not depth[opener]:
                stray.append(start + index)
                continue
            while masked[stack[-1]] != opener:
                left = stack.pop()
                depth[masked[left]] -= 1
                unclosed.append(start + left)
            stack.pop()
            depth[opener] -= 1
            if not stack and end is None:
                end = start + index + 1
                if only_first:
                    break
    unclosed += [start + index for index in stack]
    quote = None if open_string is None else start + open_string
    if quote is not None and end is not None and quote >= end:
        quote = None
    return Brackets(end, tuple(sorted(unclosed)), tuple(stray), quote)


@dataclass(frozen=True, slots=True)
class BracketLoop:
    """A run of brackets that no honest document has."""

    span: tuple[int, int]
    reason: str


@lru_cache(maxsize=4)
def find_bracket_loop(
    text: str, value: tuple[int, int] | None, *, is_sound: bool, max_stray: int, max_open_run: int
) -> BracketLoop | None:
    """More than ``max_stray`` closers that close nothing, or openers in a row left open.

    ``value`` is the extent of the value in the text, if it has one; strings are read there as
    JSON's, and brackets in it never match brackets around it.
    """
    start, end = value or (len(text), len(text))
    parts = [match_brackets(text, 0, start, in_value=False)]
    if not is_sound:
        parts.append(match_brackets(text, start, end, in_value=True))
    parts.append(match_brackets(text, end, len(text), in_value=False))
    stray = [position for part in parts for position in part.stray]
    if len(stray) > max_stray:
        reason = f"{len(stray)} closing brackets close nothing, from here on"
        return BracketLoop((stray[0], stray[-1] + 1), reason)
    unclosed = [position for part in parts for position in part.unclosed]
    run = _longest_run(text, unclosed)
    if len(run) > max_open_run:
        reason = f"{len(run)} opening brackets in a row are never closed"
        return BracketLoop((run[0], run[-1] + 1), reason)
    return None


def _longest_run(text: str, positions: list[int]) -> list[int]:
    """The longest stretch of positions with nothing but blanks between them."""
    longest: list[int] = []
    run: list[int] = []
    for position in positions:
        if run and text[run[-1] + 1 : position].strip():
            run = []
        run.append(position)
        if len(run) > len(longest):
            longest = run
    return longest


def _mask_strings(text: str, in_value: bool) -> tuple[str, int | None]:
    """``text`` with every string blanked out, and where a string begins that is not closed."""
    open_string: int | None = None

    def blank(match: re.Match[str]) -> str:
        nonlocal open_string
        string = match[0]
        if match[1]:
            return " " * len(string)
        open_string = match.start()
        if not in_value:
            return string
        line_end = string.find("\n")
        hidden = len(string) if line_end < 0 else line_end
        return " " * hidden + string[hidden:]

    return _STRING.sub(blank, text), open_string
