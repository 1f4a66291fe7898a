"""Tells the answer in a completion from the reasoning and the tool calls that stand around it.

Reasoning is never the answer. A block that nothing closes reaches to the end of the text; a closing
mark may stand alone, where the prompt opened the block. Text that only such a lone mark says to be
reasoning, and tool calls, are taken for the answer where there is nothing else.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from harness.checks.text.company import ALONE, Company, View, fenceless, view_of
from harness.checks.text.format_rules import FormatRules
from harness.checks.text.wrapper_table import TABLE

Stretch = tuple[int, int]
_OWN = len(TABLE)
_PHRASES = [family for family, wrapper in enumerate(TABLE) if wrapper.is_phrase]
_BRACKETED = [family for family, wrapper in enumerate(TABLE) if not wrapper.is_phrase]
_BRACKET = "(?=<[|/a-z\uff5c]|\\[/?[tr]|\u25c1)"
"""Each bracketed mark begins so; the other places are passed over at once."""
_VISIBLE = re.compile(r"[^\n]")


class Side(Enum):
    """The side of a block that a mark stands on."""

    OPENING = "o"
    CLOSING = "c"
    ENDING = "e"
    """A closing mark only where the text itself opened the block."""


_GROUPS = {f"{side.value}{n}": (side, n) for side in Side for n in range(len(TABLE))}


class Mark(NamedTuple):
    """A mark of reasoning or of a tool call in a text."""

    start: int
    end: int
    side: Side
    family: int
    """Opening and closing marks of one family belong together."""

    @property
    def is_tool(self) -> bool:
        return self.family != _OWN and TABLE[self.family].is_tool


IsContent = Callable[[Mark], bool]


class Stretches(NamedTuple):
    """The text outside of reasoning, as pairs of offsets."""

    certain: list[Stretch]
    """In reading order."""
    doubtful: list[Stretch]
    """In order of preference: before a closing mark that nothing opened, in tool calls."""


@dataclass(frozen=True, slots=True)
class Wrappers:
    """The marks of the table, and a task's own."""

    own: tuple[tuple[str, str], ...] = ()
    """Opening and closing marks, letter for letter."""
    # Caches of answers hash this value a dozen times for each: the two parts that a task seldom has
    # and that tell no two of its answers apart are left out.
    company: Company = field(default=ALONE, hash=False)
    """What may stand around an answer."""
    rules: FormatRules | None = field(default=None, hash=False)
    """Given where answers are no JSON."""

    def view(self, text: str, is_content: "IsContent | None" = None) -> View:
        """The text, of which all that may stand around the answer is blanked.

        ``is_content`` says of a mark outside of reasoning that it is content of an answer.
        """
        if self.company.is_none:
            return View(text)
        if not self.company.reasoning:
            return view_of(text, self.company)
        seen = self._without_reasoning(text, is_content or (lambda mark: False))
        return fenceless(text, self.company) if seen is None else view_of(seen, self.company)

    def _without_reasoning(self, text: str, is_content: "IsContent") -> str | None:
        """The text with line ends in place of its reasoning: a fence may begin right behind it.
        What is doubtful is left as it is where there is nothing else, and ``None`` is nothing."""
        certain, doubtful = self.outside(text, is_content)
        if any(text[start:stop].strip() for start, stop in certain):
            return _only(text, certain, "\n")
        return text if any(text[start:stop].strip() for start, stop in doubtful) else None

    def around_calls(self, text: str, is_content: "IsContent") -> str:
        """The text with blanks in place of its reasoning, line ends apart; calls of tools stay.

        ``is_content`` says of a mark outside of reasoning that it is content of a call.
        """
        certain, _ = self.outside(text, lambda mark: mark.is_tool or is_content(mark))
        return _only(text, certain, " ")

    def marks(self, text: str, start: int = 0, stop: int | None = None) -> Iterator[Mark]:
        """The marks between two offsets, in reading order, whatever they belong to."""
        return self._found(_any_mark(self.own), text, start, stop)

    def end_of_block(self, text: str, opened: Mark, stop: int | None = None) -> Mark | None:
        """The mark that closes the block which ``opened`` opens.

        Where the block opens more than once, that is the last of as many closing marks as stand
        before it is opened again.
        """
        nested = 0
        closed: Mark | None = None
        pattern = _marks_of_family(self.own, opened.family)
        for mark in self._found(pattern, text, opened.end, stop):
            if mark.side is not Side.OPENING:
                closed = mark
                nested -= 1
                if nested < 0:
                    return closed
            elif closed is None:
                nested += 1
            else:
                return closed
        return closed

    def outside(self, text: str, is_content: "IsContent" = lambda mark: False) -> Stretches:
        """The stretches of text to look for the answer in.

        ``is_content`` says of a mark outside of reasoning that it is content of an answer.
        """
        certain: list[Stretch] = []
        unopened: list[Stretch] = []
        calls: list[Stretch] = []
        position = 0
        resume = 0
        for mark in self.marks(text):
            if mark.start < resume or mark.side is Side.ENDING or is_content(mark):
                continue
            if mark.side is Side.CLOSING:
                unopened += [*certain, (position, mark.start)]
                certain.clear()
                position = mark.end
                continue
            certain.append((position, mark.start))
            end = self.end_of_block(text, mark)
            if mark.is_tool:
                calls.append((mark.end, end.start if end else len(text)))
            position = resume = end.end if end else len(text)
        certain.append((position, len(text)))
        return Stretches(certain, [*reversed(unopened), *calls])

    def answer(self, text: str) -> str:
        """The text with form feeds in place of all that is not the answer, line ends apart, and
        blanks in place of what may stand around it.

        Offsets and lines stay as they are, and to Python a line may begin with form feeds.
        """
        text = self.view(text).text
        certain, doubtful = self.outside(text)
        for stretches in (certain, *([stretch] for stretch in doubtful)):
            if any(text[start:stop].strip() for start, stop in stretches):
                return _only(text, stretches, "\f")
        return _only(text, [], "\f")

    def _found(
        self, pattern: "re.Pattern[str]", text: str, start: int, stop: int | None
    ) -> Iterator[Mark]:
        openings = {opening for opening, _ in self.own}
        for match in pattern.finditer(text, start, len(text) if stop is None else stop):
            side, family = _GROUPS.get(match.lastgroup or "", (Side.CLOSING, _OWN))
            if family == _OWN and match[0] in openings:
                side = Side.OPENING
            yield Mark(match.start(), match.end(), side, family)


KNOWN_WRAPPERS = Wrappers()
"""The marks of the table alone, and nothing around an answer."""


@lru_cache(maxsize=32)
def _any_mark(own: tuple[tuple[str, str], ...]) -> "re.Pattern[str]":
    parts = [_own_marks(own)] if own else []
    parts += [part for family in _PHRASES for part in _sides(family)]
    bracketed = [part for family in _BRACKETED for part in _sides(family)]
    return re.compile("|".join([*parts, f"{_BRACKET}(?:{'|'.join(bracketed)})"]), re.IGNORECASE)


@lru_cache(maxsize=128)
def _marks_of_family(own: tuple[tuple[str, str], ...], family: int) -> "re.Pattern[str]":
    if family == _OWN:
        return re.compile(_own_marks(own))
    is_phrase = TABLE[family].is_phrase
    marks = "|".join(_sides(family))
    return re.compile(marks if is_phrase else f"{_BRACKET}(?:{marks})", re.IGNORECASE)


def _own_marks(own: tuple[tuple[str, str], ...]) -> str:
    """The expression of a task's marks; of two that begin alike the longer one counts."""
    literals = sorted({mark for pair in own for mark in pair}, key=len, reverse=True)
    return f"(?P<own>(?-i:{'|'.join(map(re.escape, literals))}))"


def _sides(family: int) -> Iterator[str]:
    wrapper = TABLE[family]
    for side, pattern in (
        (Side.CLOSING, wrapper.closing),
        (Side.ENDING, wrapper.ending),
        (Side.OPENING, wrapper.opening),
    ):
        if pattern:
            yield f"(?P<{side.value}{family}>{pattern})"


def _only(text: str, stretches: list[Stretch], filler: str) -> str:
    """The text with a character in place of each one that is in no stretch, line ends apart."""
    if stretches == [(0, len(text))]:
        return text
    pieces: list[str] = []
    position = 0
    for start, stop in stretches:
        pieces += [_VISIBLE.sub(filler, text[position:start]), text[start:stop]]
        position = stop
    return "".join([*pieces, _VISIBLE.sub(filler, text[position:])])
