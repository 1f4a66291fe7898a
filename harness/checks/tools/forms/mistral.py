"""The forms of Mistral: ``[TOOL_CALLS] [{"name": "f", "arguments": {"a": 1}}]`` and the newer
``[TOOL_CALLS]f[ARGS]{"a": 1}``, which is repeated for each call."""

import re
from collections.abc import Sequence

from harness.checks.json.fault import Fault
from harness.checks.json.pointer import span_of
from harness.checks.json.wording import kind_of
from harness.checks.text.document import BLANK, Document, Path
from harness.checks.tools.call import MAX_CALLS, NAME, Call, Found, Wanted, no_call
from harness.checks.tools.json_calls import call_in, document_or_fault
from harness.checks.tools.writing import object_text
from harness.core.verdict import FailureCode

MARK, ARGS = "[TOOL_CALLS]", "[ARGS]"
SAID = f"{MARK} [...]"
_NAMED = re.compile(
    r"[ \t\n\r]*+(?P<name>[\w.-]{1,256})(?:\[CALL_ID\][\w-]{1,64})?\[ARGS\][ \t\n\r]*+"
)


def find(text: str) -> Found:
    start = text.find(MARK)
    if start < 0:
        return no_call(text, f"calls as {SAID}")
    inside = start + len(MARK)
    first = len(text) - len(text[inside:].lstrip(BLANK))
    if text.startswith("[", first):
        return _array(text, start, first)
    return _named(text, start)


def _array(text: str, start: int, first: int) -> Found:
    read = document_or_fault(text, first)
    if isinstance(read, Fault):
        return _faulty((), read, text, start)
    calls: list[Call] = []
    for index in range(min(len(read.value), MAX_CALLS + 1)):
        call = call_in(read, (index,), more=("id",))
        if isinstance(call, Fault):
            return _faulty(calls, call, text, start)
        calls.append(call)
    if not calls:
        fault = Fault(FailureCode.NO_CALL, "expected a call, found none", (first, read.end), first)
        return _faulty((), fault, text, start)
    return Found(tuple(calls), None, ((start, read.end),), is_marked=True)


def _named(text: str, start: int) -> Found:
    calls: list[Call] = []
    spans: list[tuple[int, int]] = []
    while start >= 0 and len(calls) <= MAX_CALLS:
        call = _one(text, start)
        if isinstance(call, Fault):
            return _faulty(calls, call, text, start, spans)
        calls.append(call)
        spans.append((start, call.span[1]))
        start = text.find(MARK, call.span[1])
    return Found(tuple(calls), None, tuple(spans), is_marked=True)


def _one(text: str, start: int) -> Call | Fault:
    inside = start + len(MARK)
    named = _NAMED.match(text, inside)
    if named is None:
        reason = f"expected an array of calls, or a name and {ARGS}, behind {MARK}"
        code = FailureCode.CALL_FORM if text[inside:].strip() else FailureCode.UNCLOSED
        return Fault(code, reason, (start, inside), inside)
    read = document_or_fault(text, named.end())
    if isinstance(read, Fault):
        return read
    if not isinstance(read.value, dict):
        reason = f"expected an object of arguments, found {kind_of(read.value)}"
        return Fault(FailureCode.CALL_FORM, reason, (read.start, read.end), read.start)
    return _call(read, named)


def _call(document: Document, named: re.Match[str]) -> Call:
    def locate(path: Path, name: bool) -> tuple[int, int]:
        if path[0] == NAME:
            return named.span("name")
        return span_of(document, path[1:], name=name)

    span = (named.start("name"), document.end)
    return Call(named["name"], document.value, span, locate, document.has_duplicates)


def _faulty(
    calls: Sequence[Call],
    fault: Fault,
    text: str,
    start: int,
    spans: Sequence[tuple[int, int]] = (),
) -> Found:
    return Found(tuple(calls), fault, (*spans, (start, len(text))), is_marked=True)


def text_of(calls: Sequence[Wanted]) -> str:
    return f"{MARK} [{', '.join(map(object_text, calls))}]"
