"""Whether anything but blanks stands around the first top-level JSON value."""

import json
import re
from dataclasses import dataclass

from harness.checks.json_decoder import decode
from harness.checks.json_document import THOUGHT, Document, read_document
from harness.checks.json_value import without_completion
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode, Verdict

_BLANK = " \t\n\r"
_FENCE = re.compile(r"(`{3,}|~{3,})[^\n`]*+")
_SPECIAL_TOKEN = re.compile(
    "<[|\uff5c][^<>\n]{1,60}[|\uff5c]>"
    r"|</?s>|\[/?INST\]|<</?SYS>>|</?(?:bos|eos|pad|unk|BOS|EOS)>"
    r"|\[(?:PAD|CLS|SEP|UNK|MASK|BOS|EOS)\]|<(?:start|end)_of_turn>|<0x[0-9A-Fa-f]{2}>|</?tool_call>"
)
_NEXT_VALUE = re.compile(
    r"""[,;]?[ \t\n\r]*+(?:\{[ \t\n\r]*+(?:["'}]|\Z)|\[[ \t\n\r]*+(?:["'\]{\[0-9-]|\Z))"""
)
_NAMES = {
    FailureCode.MARKDOWN_FENCE: "a Markdown fence",
    FailureCode.THINK_BLOCK: "a think block",
    FailureCode.SPECIAL_TOKEN: "a special token",
    FailureCode.SECOND_DOCUMENT: "a second JSON value",
}


@dataclass(frozen=True, slots=True)
class ExtraText:
    """The first piece of text that stands outside the value."""

    code: FailureCode
    reason: str
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class NoExtraText:
    """Rejects ``Sure! {"a": 1}``, a fenced ``{"a": 1}`` and ``{"a": 1}<|im_end|>``.

    Nothing but blanks may stand before the first top-level value or after the bracket that closes
    it. A defect inside the value is not extra text; no value at all is. The code is that of the
    first piece of extra text in reading order.
    """

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if error := without_completion(completion):
            return error
        extra = extra_text(read_document(completion.text))
        return Verdict.failed(extra.code, extra.reason, extra.span) if extra else Verdict.passed()


def extra_text(document: Document) -> ExtraText | None:
    """The first piece of text around the value, or the whole text when there is no value."""
    fault = document.fault
    if fault and fault.code in (FailureCode.EMPTY, FailureCode.NO_JSON):
        return ExtraText(fault.code, fault.reason, fault.span)
    text = document.text
    before = text[: document.start].lstrip(_BLANK)
    if before:
        start = document.start - len(before)
        return _piece(text, start, document.start, "before")
    after = text[document.end :].lstrip(_BLANK)
    if after:
        return _piece(text, len(text) - len(after), len(text), "after")
    return None


def _piece(text: str, start: int, stop: int, side: str) -> ExtraText:
    """Name the piece of ``text[start:stop]`` that begins at ``start``."""
    code, end = _kind(text, start, stop, side)
    what = _NAMES.get(code, "text")
    found = excerpt(text[start:end].rstrip(_BLANK))
    return ExtraText(code, f"expected nothing {side} the JSON, found {what}: {found}", (start, end))


def _kind(text: str, start: int, stop: int, side: str) -> tuple[FailureCode, int]:
    if match := THOUGHT.match(text, start):
        return FailureCode.THINK_BLOCK, _thought_end(text, match.end(), stop)
    if match := _SPECIAL_TOKEN.match(text, start):
        return FailureCode.SPECIAL_TOKEN, match.end()
    if match := _FENCE.match(text, start):
        return FailureCode.MARKDOWN_FENCE, min(match.end(), stop)
    end = stop
    while end > start and text[end - 1] in _BLANK:
        end -= 1
    if side == "before":
        closing = [tag for tag in THOUGHT.finditer(text, start, stop) if tag[1]]
        return (FailureCode.THINK_BLOCK if closing else FailureCode.TEXT_BEFORE), end
    if _NEXT_VALUE.match(text, start) or _is_scalar(text, start, end):
        return FailureCode.SECOND_DOCUMENT, end
    return FailureCode.TEXT_AFTER, end


def _thought_end(text: str, start: int, stop: int) -> int:
    for tag in THOUGHT.finditer(text, start, stop):
        if tag[1]:
            return tag.end()
    return stop


def _is_scalar(text: str, start: int, end: int) -> bool:
    try:
        return decode(text, start).end == end
    except json.JSONDecodeError:
        return False
