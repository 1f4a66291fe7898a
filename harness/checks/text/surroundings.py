"""Finds and names the text around an answer, where none should stand, in reading order."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from harness.core.printable import excerpt
from harness.core.verdict import FailureCode

BLANK = " \t\n\r"
THOUGHT = re.compile(
    r"<(/?)\|?(?:think|thinking|thought|thoughts|reasoning|reflection|scratchpad)\|?>",
    re.IGNORECASE,
)
"""The opening or closing tag of a think block; the first group is the slash of a closing one."""
_FENCE = re.compile(r"(`{3,}|~{3,})[^\n`]*+")
_SPECIAL_TOKEN = re.compile(
    "<[|\uff5c][^<>\n]{1,60}[|\uff5c]>"
    r"|</?s>|\[/?INST\]|<</?SYS>>|</?(?:bos|eos|pad|unk|BOS|EOS)>"
    r"|\[(?:PAD|CLS|SEP|UNK|MASK|BOS|EOS)\]|<(?:start|end)_of_turn>|<0x[0-9A-Fa-f]{2}>"
    r"|</?tool_call>"
)
_NAMES = {
    FailureCode.MARKDOWN_FENCE: "a Markdown fence",
    FailureCode.THINK_BLOCK: "a think block",
    FailureCode.SPECIAL_TOKEN: "a special token",
    FailureCode.SECOND_DOCUMENT: "a second JSON value",
}


@dataclass(frozen=True, slots=True)
class ExtraText:
    """The first piece of text that stands outside the answer."""

    code: FailureCode
    reason: str
    span: tuple[int, int]


def first_piece(
    text: str,
    start: int,
    end: int,
    answer: str,
    is_second: Callable[[str, int, int], bool] = lambda text, start, end: False,
) -> ExtraText | None:
    """The first piece of text before ``start`` or after ``end`` that is not blank.

    ``answer`` says in the reason what nothing should stand around; ``is_second`` says whether the
    text after it, from one offset to another, is an answer too.
    """
    before = text[:start].lstrip(BLANK)
    if before:
        return _named(text, start - len(before), start, f"before {answer}", None)
    after = text[end:].lstrip(BLANK)
    if after:
        return _named(text, len(text) - len(after), len(text), f"after {answer}", is_second)
    return None


def find_markup(text: str, start: int, end: int, answer: str) -> ExtraText | None:
    """The first fence, think block or special token in ``text[start:end]``, wherever it stands."""
    found = [p.search(text, start, end) for p in (THOUGHT, _SPECIAL_TOKEN, _FENCE)]
    first = min((match.start() for match in found if match), default=None)
    return None if first is None else _named(text, first, end, f"in {answer}", None)


def _named(
    text: str, start: int, stop: int, where: str, is_second: Callable[[str, int, int], bool] | None
) -> ExtraText:
    code, end = _markup(text, start, stop) or (None, _trimmed(text, start, stop))
    if code is None and is_second is None:
        closing = _first_tag(text, start, stop)
        is_thought = closing is not None and closing[1] == "/"
        code = FailureCode.THINK_BLOCK if is_thought else FailureCode.TEXT_BEFORE
    elif code is None:
        is_answer = is_second is not None and is_second(text, start, end)
        code = FailureCode.SECOND_DOCUMENT if is_answer else FailureCode.TEXT_AFTER
    what = _NAMES.get(code, "text")
    reason = f"expected nothing {where}, found {what}: {excerpt(text[start:end].rstrip(BLANK))}"
    return ExtraText(code, reason, (start, end))


def _markup(text: str, start: int, stop: int) -> tuple[FailureCode, int] | None:
    """The kind and the end of the markup that begins at ``start``, if some does."""
    if tag := THOUGHT.match(text, start, stop):
        return FailureCode.THINK_BLOCK, _thought_end(text, tag.end(), stop)
    if token := _SPECIAL_TOKEN.match(text, start, stop):
        return FailureCode.SPECIAL_TOKEN, token.end()
    if fence := _FENCE.match(text, start, stop):
        return FailureCode.MARKDOWN_FENCE, fence.end()
    return None


def _thought_end(text: str, start: int, stop: int) -> int:
    for tag in THOUGHT.finditer(text, start, stop):
        if tag[1]:
            return tag.end()
    return stop


def _first_tag(text: str, start: int, stop: int) -> re.Match[str] | None:
    return THOUGHT.search(text, start, stop)


def _trimmed(text: str, start: int, stop: int) -> int:
    return start + len(text[start:stop].rstrip(BLANK))
