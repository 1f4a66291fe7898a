"""The form of OpenAI's protocol, as a server gives it: ``{"tool_calls": [{"type": "function",
"function": {"name": "f", "arguments": "{\\"a\\": 1}"}}]}``, with the text beside in ``content``."""

import re
from collections.abc import Sequence
from typing import Any

from harness.checks.json.fault import Fault
from harness.checks.json.pointer import span_of
from harness.checks.json.wording import kind_of
from harness.checks.text.document import Document, Path
from harness.checks.tools.call import ARGUMENTS, MAX_CALLS, NAME, Call, Found, Wanted, no_call
from harness.checks.tools.json_calls import document_or_fault, with_decoded_arguments
from harness.checks.tools.writing import json_text
from harness.core.verdict import FailureCode

KEY, CONTENT = "tool_calls", "content"
SAID = f'{{"{KEY}": [...]}}'
_MESSAGE = re.compile(
    r'[ \t\n\r]*+(?=\{[ \t\n\r]*+"(?:role|content|tool_calls)"[ \t\n\r]*+:)'
    r'|.*?(?=\{[ \t\n\r]*+"tool_calls"[ \t\n\r]*+:)',
    re.DOTALL,
)


def find(text: str) -> Found:
    opening = _MESSAGE.match(text)
    if opening is None:
        return no_call(text, f"calls as {SAID}")
    start = opening.end()
    read = document_or_fault(text, start)
    if isinstance(read, Fault):
        return Found((), read, ((start, len(text)),))
    return _of_message(text, read)


def _of_message(text: str, document: Document) -> Found:
    listed, span = document.value.get(KEY), (document.start, document.end)
    if not listed:
        return no_call(text, f"calls as {SAID}")
    if not isinstance(listed, list):
        place = span_of(document, (KEY,))
        reason = f"expected a list of calls, found {kind_of(listed)}"
        return Found((), Fault(FailureCode.CALL_FORM, reason, place, place[0]), (span,))
    calls: list[Call] = []
    for index in range(min(len(listed), MAX_CALLS + 1)):
        call = _entry(document, listed[index], (KEY, index))
        if isinstance(call, Fault):
            return Found(tuple(calls), call, (span,), is_marked=True)
        calls.append(call)
    return Found(tuple(calls), None, _beside_content(document), is_marked=True)


def _entry(document: Document, entry: Any, path: Path) -> Call | Fault:
    if not isinstance(entry, dict) or not isinstance(entry.get("function"), dict):
        place = span_of(document, path)
        reason = 'expected {"type": "function", "function": ...}'
        return Fault(FailureCode.CALL_FORM, f"{reason}, found {kind_of(entry)}", place, place[0])
    return with_decoded_arguments(document, (*path, "function"))


def _beside_content(document: Document) -> tuple[tuple[int, int], ...]:
    """All of the message but the text in its content, which stands beside the calls."""
    content = document.value.get(CONTENT)
    if not isinstance(content, str) or not content.strip():
        return ((document.start, document.end),)
    start, end = span_of(document, (CONTENT,))
    return (document.start, start + 1), (end - 1, document.end)


def text_of(calls: Sequence[Wanted]) -> str:
    entries = [
        {"type": "function", "function": {NAME: c.name, ARGUMENTS: json_text(dict(c.arguments))}}
        for c in calls
    ]
    return json_text({KEY: entries})
