"""Finds the first text that stands around a JSON value."""

import json
import re

from harness.checks.json.decoder import decode
from harness.checks.text.company import ExtraText
from harness.checks.text.document import Document
from harness.checks.text.surroundings import first_piece
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.verdict import FailureCode

_NOTHING = (FailureCode.EMPTY, FailureCode.NO_JSON, FailureCode.NO_YAML, FailureCode.NO_CSV)
"""The answer is not there."""
_NEXT_VALUE = re.compile(
    r"""[,;]?[ \t\n\r]*+(?:\{[ \t\n\r]*+(?:["'}]|\Z)|\[[ \t\n\r]*+(?:["'\]{\[0-9-]|\Z))"""
)


def extra_text(document: Document, wrappers: Wrappers = KNOWN_WRAPPERS) -> ExtraText | None:
    """The first piece of text around the value, or the whole text when there is no value; what is
    wrong with its fence, where that comes first."""
    found, around = _piece(document, wrappers), document.around
    if around and (found is None or around.span[0] <= found.span[0]):
        return around
    return found


def _piece(document: Document, wrappers: Wrappers) -> ExtraText | None:
    fault = document.fault
    if fault and fault.code in _NOTHING:
        return ExtraText(fault.code, fault.reason, fault.span)
    start, end = document.start, document.end
    return first_piece(document.text, start, end, "the JSON", _is_value, wrappers)


def _is_value(text: str, start: int, end: int) -> bool:
    if _NEXT_VALUE.match(text, start):
        return True
    try:
        value_end = decode(text, start).end
    except json.JSONDecodeError:
        return False
    return not text[value_end:end].partition("\n")[0].strip()
