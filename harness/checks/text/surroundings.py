"""Finds and names the text around an answer, where none should stand, in reading order."""

import re
from collections.abc import Callable, Iterator

from harness.checks.text.company import ExtraText, View
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Mark, Side, Wrappers
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode

BLANK = " \t\n\r"
_FENCE = re.compile(r"(`{3,}|~{3,})[^\n`]*+")
_SPECIAL_TOKEN = re.compile(
    "<[|\uff5c][^<>\n]{1,60}[|\uff5c]>"
    r"|</?s>|\[/?INST\]|<</?SYS>>|</?(?:bos|eos|pad|unk|BOS|EOS)>"
    r"|\[(?:PAD|CLS|SEP|UNK|MASK|BOS|EOS)\]|<(?:start|end)_of_turn>|<0x[0-9A-Fa-f]{2}>"
)
_NAMES = {
    FailureCode.MARKDOWN_FENCE: "a Markdown fence",
    FailureCode.THINK_BLOCK: "a think block",
    FailureCode.SPECIAL_TOKEN: "a special token",
    FailureCode.SECOND_DOCUMENT: "a second JSON value",
}


def first_piece(
    text: str,
    start: int,
    end: int,
    answer: str,
    is_second: Callable[[str, int, int], bool] = lambda text, start, end: False,
    wrappers: Wrappers = KNOWN_WRAPPERS,
) -> ExtraText | None:
    """The first piece of text before ``start`` or after ``end`` that is not blank.

    ``answer`` says in the reason what nothing should stand around; ``is_second`` says whether the
    text after it, from one offset to another, is an answer too.
    """
    before = text[:start].lstrip(BLANK)
    if before:
        return _piece_before(text, start - len(before), start, answer, wrappers)
    after = text[end:].lstrip(BLANK)
    if not after:
        return None
    first, stop = len(text) - len(after), len(text)
    code, piece_end = markup_at(text, first, stop, wrappers) or (None, _trimmed(text, first, stop))
    if code is None:
        is_answer = is_second(text, first, piece_end)
        code = FailureCode.SECOND_DOCUMENT if is_answer else FailureCode.TEXT_AFTER
    return _named(text, (first, piece_end), code, f"after {answer}")


def around_fence(view: View, wrappers: Wrappers) -> ExtraText | None:
    """The first text outside of a fence, or the first fault of the fence itself."""
    found = None
    if view.outside.strip():
        found = first_piece(view.outside, *view.span, "the fence", wrappers=wrappers)
    if found is None or (view.fault and view.fault.span[0] <= found.span[0]):
        return view.fault
    return found


def find_markup(
    text: str, start: int, end: int, answer: str, wrappers: Wrappers = KNOWN_WRAPPERS
) -> ExtraText | None:
    """The first fence, think block or special token in ``text[start:end]``, wherever it stands."""
    found = [
        match.start() for p in (_SPECIAL_TOKEN, _FENCE) if (match := p.search(text, start, end))
    ]
    found += [mark.start for mark in _marks(text, start, end, wrappers)][:1]
    for first in sorted(found)[:1]:
        if markup := markup_at(text, first, end, wrappers):
            return _named(text, (first, markup[1]), markup[0], f"in {answer}")
    return None


def _piece_before(text: str, first: int, stop: int, answer: str, wrappers: Wrappers) -> ExtraText:
    code, end = markup_at(text, first, stop, wrappers) or (None, _trimmed(text, first, stop))
    if code is None:
        mark = next((m for m in _marks(text, first, stop, wrappers) if not m.is_tool), None)
        is_thought = mark is not None and mark.side is Side.CLOSING
        code = FailureCode.THINK_BLOCK if is_thought else FailureCode.TEXT_BEFORE
    return _named(text, (first, end), code, f"before {answer}")


def _named(text: str, span: tuple[int, int], code: FailureCode, where: str) -> ExtraText:
    what = _NAMES.get(code, "text")
    shown = excerpt(text[span[0] : span[1]].rstrip(BLANK))
    return ExtraText(code, f"expected nothing {where}, found {what}: {shown}", span)


def markup_at(
    text: str, start: int, stop: int, wrappers: Wrappers
) -> tuple[FailureCode, int] | None:
    """The kind and the end of the markup that begins at ``start``, if some does."""
    mark = next(_marks(text, start, stop, wrappers), None)
    if mark and mark.start == start:
        if mark.is_tool:
            return FailureCode.SPECIAL_TOKEN, mark.end
        closed = wrappers.end_of_block(text, mark, stop)
        return FailureCode.THINK_BLOCK, closed.end if closed else stop
    if token := _SPECIAL_TOKEN.match(text, start, stop):
        return FailureCode.SPECIAL_TOKEN, token.end()
    if fence := _FENCE.match(text, start, stop):
        return FailureCode.MARKDOWN_FENCE, fence.end()
    return None


def _marks(text: str, start: int, stop: int, wrappers: Wrappers) -> Iterator[Mark]:
    """The marks that mean something by themselves; a closing one of a tool call is one too."""
    for mark in wrappers.marks(text, start, stop):
        if mark.is_tool or mark.side is not Side.ENDING:
            yield mark


def _trimmed(text: str, start: int, stop: int) -> int:
    return start + len(text[start:stop].rstrip(BLANK))
