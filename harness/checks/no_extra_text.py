"""Whether anything but blanks stands around the first top-level JSON value."""

import json
import re
from dataclasses import dataclass

from harness.checks.json.decoder import decode
from harness.checks.json.document import Document, read_document
from harness.checks.json.value import without_completion
from harness.checks.text.surroundings import ExtraText, first_piece
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import FailureCode, Verdict

_NEXT_VALUE = re.compile(
    r"""[,;]?[ \t\n\r]*+(?:\{[ \t\n\r]*+(?:["'}]|\Z)|\[[ \t\n\r]*+(?:["'\]{\[0-9-]|\Z))"""
)


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
    return first_piece(document.text, document.start, document.end, "the JSON", _is_value)


def _is_value(text: str, start: int, end: int) -> bool:
    if _NEXT_VALUE.match(text, start):
        return True
    try:
        value_end = decode(text, start).end
    except json.JSONDecodeError:
        return False
    return not text[value_end:end].partition("\n")[0].strip()
