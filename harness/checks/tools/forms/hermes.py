"""The form of Hermes and Qwen: ``<tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>``."""

from collections.abc import Sequence

from harness.checks.json.fault import Fault
from harness.checks.text.document import BLANK
from harness.checks.tools.call import MAX_CALLS, Call, Found, Wanted, no_call
from harness.checks.tools.json_calls import call_in, document_or_fault
from harness.checks.tools.writing import object_text
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode

OPENING, CLOSING = "<tool_call>", "</tool_call>"
SAID = f"{OPENING}...{CLOSING}"


def find(text: str) -> Found:
    calls: list[Call] = []
    spans: list[tuple[int, int]] = []
    start = text.find(OPENING)
    if start < 0:
        return no_call(text, f"a call as {SAID}")
    while start >= 0 and len(calls) <= MAX_CALLS:
        read = _block(text, start)
        if isinstance(read, Fault):
            spans.append((start, len(text)))
            return Found(tuple(calls), read, tuple(spans), is_marked=True)
        call, end = read
        calls.append(call)
        spans.append((start, end))
        start = text.find(OPENING, end)
    return Found(tuple(calls), None, tuple(spans), is_marked=True)


def _block(text: str, start: int) -> tuple[Call, int] | Fault:
    """The call of a block, and where the block ends."""
    inside = start + len(OPENING)
    first = len(text) - len(text[inside:].lstrip(BLANK))
    read = document_or_fault(text, first)
    if isinstance(read, Fault):
        return read
    after = len(text) - len(text[read.end :].lstrip(BLANK))
    if not text.startswith(CLOSING, after):
        return _unclosed(text, start, after)
    call = call_in(read)
    return call if isinstance(call, Fault) else (call, after + len(CLOSING))


def _unclosed(text: str, start: int, after: int) -> Fault:
    if after == len(text) or CLOSING.startswith(text[after:]):
        reason = f"the {OPENING} that opens here is never closed"
        return Fault(FailureCode.UNCLOSED, reason, (start, start + len(OPENING)), after)
    end = after + len(text[after : after + 60].rstrip())
    reason = f"expected {CLOSING}, found {excerpt(text[after:end])!r}"
    return Fault(FailureCode.CALL_FORM, reason, (after, end), after)


def text_of(calls: Sequence[Wanted]) -> str:
    return "\n".join(f"{OPENING}\n{object_text(call)}\n{CLOSING}" for call in calls)
