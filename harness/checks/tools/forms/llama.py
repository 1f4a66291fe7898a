"""The form of Llama 3: ``{"name": "f", "parameters": {"a": 1}}``, several with a semicolon between,
``<|python_tag|>`` before them or not."""

import re
from collections.abc import Sequence

from harness.checks.json.fault import Fault
from harness.checks.tools.call import MAX_CALLS, Call, Found, Wanted, no_call
from harness.checks.tools.json_calls import call_in, document_or_fault
from harness.checks.tools.writing import object_text
from harness.core.verdict import FailureCode

KEY = "parameters"
TAG = "<|python_tag|>"
SAID = f'{{"name": ..., "{KEY}": ...}}'
_FIRST = re.compile(
    r'[ \t\n\r]*+(?=\{)|.*?(?=\{[ \t\n\r]*+"(?:name|parameters|type|function)")', re.DOTALL
)
_OBJECT = re.compile(r"[ \t\n\r]*+(?:;[ \t\n\r]*+)?(?:<\|python_tag\|>[ \t\n\r]*+)?(?=\{)")
_EXPECTED = f"a call as {SAID}"


def find(text: str) -> Found:
    tag = text.find(TAG)
    is_marked = tag >= 0
    opening = None if is_marked else _FIRST.match(text)
    if not is_marked and opening is None:
        return no_call(text, _EXPECTED)
    start = tag if is_marked or opening is None else opening.end()
    position = start + len(TAG) if is_marked else start
    calls: list[Call] = []
    while (lead := _OBJECT.match(text, position)) and len(calls) <= MAX_CALLS:
        read = document_or_fault(text, lead.end())
        call = read if isinstance(read, Fault) else call_in(read, key=KEY, more=("type",))
        if isinstance(call, Fault):
            return Found(tuple(calls), call, ((start, len(text)),), is_marked=is_marked)
        calls.append(call)
        position = call.span[1]
    if not calls:
        span = (start, start + len(TAG))
        missing = Fault(FailureCode.CALL_FORM, f"expected {_EXPECTED} behind {TAG}", span, span[1])
        return Found((), missing, ((start, len(text)),), is_marked=True)
    return Found(tuple(calls), None, ((start, position),), is_marked=is_marked)


def text_of(calls: Sequence[Wanted]) -> str:
    return "; ".join(object_text(call, KEY) for call in calls)
