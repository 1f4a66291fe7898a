"""Finds the calls in an answer, in the form that its model writes, and what stands beside them."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from typing import Any

from harness.checks.json.document import content_of_values
from harness.checks.json.fault import Fault
from harness.checks.json.value import without_completion
from harness.checks.text.company import ExtraText, blanked
from harness.checks.text.document import BLANK
from harness.checks.text.surroundings import first_piece
from harness.checks.text.wrappers import Wrappers
from harness.checks.tools.call import MAX_CALLS, Call, Found, Reading
from harness.checks.tools.rule import CallRule
from harness.core.completion import Completion, FinishReason
from harness.core.printable import excerpt
from harness.core.tool_form import TOOL_FORMS, ToolForm
from harness.core.verdict import FailureCode, Verdict

_BY_MARKS: tuple[ToolForm, ...] = ("openai", "hermes", "mistral", "llama", "pythonic")
"""The forms in the order in which an answer is held against them."""


def form_of(name: ToolForm) -> Any:
    """The file of a form."""
    return import_module(f"harness.checks.tools.forms.{name}")


def reading_of(completion: Completion, rule: CallRule) -> Reading | Verdict:
    """The calls of an answer, or the verdict on one that has none, of every check that needs some;
    ``skipped`` where no call is wanted."""
    if rule.is_none:
        return Verdict.skipped("a plain answer is wanted")
    if error := without_completion(completion):
        return error
    reading = read_calls(completion.text, form_for(completion, rule), rule.wrappers)
    if reading.fault is None:
        return reading
    return fault_verdict(reading.fault, completion)


def form_for(completion: Completion, rule: CallRule) -> ToolForm | None:
    """The form that a completion's calls must have; ``None`` where it is the answer's own."""
    return completion.tool_form if rule.form == "auto" else rule.form


def fault_verdict(fault: Fault, completion: Completion) -> Verdict:
    """``failed``; what is never closed was cut off where the token limit ended the answer."""
    is_cut = fault.code in (FailureCode.UNCLOSED, FailureCode.CALL_FORM, FailureCode.TRUNCATED)
    if is_cut and completion.finish_reason is FinishReason.LENGTH and _is_open(fault, completion):
        reason = f"{fault.reason}: the token limit ended the completion"
        return Verdict.failed(FailureCode.TRUNCATED, reason, fault.span)
    return Verdict.failed(fault.code, fault.reason, fault.span)


def _is_open(fault: Fault, completion: Completion) -> bool:
    return fault.code is not FailureCode.CALL_FORM or fault.span[1] >= len(completion.text)


@lru_cache(maxsize=8)
def read_calls(text: str, form: ToolForm | None, wrappers: Wrappers) -> Reading:
    """The calls of a text; ``form``: ``None`` for that of the text itself.

    Reasoning is not looked at, but where the text is nothing but calls with a mark in a value.
    """
    own = form or _form_in(text) or _form_in(_without_reasoning(text, wrappers))
    find = form_of(own or "hermes").find
    found: Found = find(text)
    if found.fault is None and not _rest(text, found).strip(BLANK):
        return _counted(Reading(found.calls))
    seen = _without_reasoning(text, wrappers)
    found = find(seen)
    if own is None and found.fault and found.fault.code is FailureCode.NO_CALL:
        found = replace(found, fault=replace(found.fault, reason="expected a call, found none"))
    elif found.fault and found.fault.code is FailureCode.EMPTY and text.strip():
        fault = Fault(FailureCode.NO_CALL, "expected a call, found reasoning alone", (0, len(text)))
        found = replace(found, fault=fault)
    elif form and not found.calls and not found.is_marked:
        found = _in_another(seen, form) or found
    outside = seen if wrappers.company.reasoning else text
    return _counted(Reading(found.calls, found.fault, _around(outside, found, wrappers)))


def calls_of_any_form(
    text: str, wrappers: Wrappers
) -> Iterator[tuple[Call | None, tuple[int, int]]]:
    """What looks like a call in any form, with its span; no call where only a mark stands
    there."""
    seen = _without_reasoning(text, wrappers)
    for name in _BY_MARKS:
        found: Found = form_of(name).find(seen)
        for call in found.calls:
            yield call, call.span
        if found.is_marked and not found.calls:
            yield None, found.spans[0]


def _without_reasoning(text: str, wrappers: Wrappers) -> str:
    return wrappers.around_calls(text, content_of_values(text))


def _form_in(text: str) -> ToolForm | None:
    """The form that a text is written in, as far as it says so."""
    finds = {name: form_of(name).find(text) for name in _BY_MARKS}
    for is_it in (_is_sound, _is_marked, _is_tried):
        if named := next((name for name, found in finds.items() if is_it(found)), None):
            return named
    return None


def _is_sound(found: Found) -> bool:
    return found.fault is None and bool(found.calls)


def _is_marked(found: Found) -> bool:
    return found.is_marked


def _is_tried(found: Found) -> bool:
    return found.fault is not None and found.fault.code not in (
        FailureCode.NO_CALL,
        FailureCode.EMPTY,
    )


def _in_another(text: str, form: ToolForm) -> Found | None:
    """What is wrong with an answer whose calls are another model's."""
    for name in TOOL_FORMS:
        found: Found = form_of(name).find(text)
        if name != form and found.calls:
            said, other = form_of(form).SAID, form_of(name).SAID
            span = found.calls[0].span
            reason = f"expected a call as {said}, found one as {other}"
            return replace(
                found, calls=(), fault=Fault(FailureCode.CALL_FORM, reason, span, span[0])
            )
    return None


def _counted(reading: Reading) -> Reading:
    if len(reading.calls) <= MAX_CALLS:
        return reading
    span = reading.calls[MAX_CALLS].span
    fault = Fault(FailureCode.CALL_COUNT, f"found more than {MAX_CALLS} calls", span, span[0])
    return replace(reading, fault=fault)


def _rest(text: str, found: Found) -> str:
    """The text with all that belongs to calls blanked."""
    pieces, position = list[str](), 0
    for start, end in found.spans:
        pieces += [text[position:start], blanked(text[start:end])]
        position = end
    return "".join([*pieces, text[position:]])


def _around(text: str, found: Found, wrappers: Wrappers) -> ExtraText | None:
    """The first thing that stands before, between or after the calls."""
    if not found.spans:
        return None
    rest = _rest(text, found)
    first, last = found.spans[0][0], found.spans[-1][1]
    if rest[:first].strip(BLANK):
        return first_piece(rest, first, last, "the calls", wrappers=wrappers)
    if between := rest[first:last].strip(BLANK):
        start = rest.index(between, first)
        reason = f"expected nothing between or in the calls, found text: {excerpt(between)}"
        return ExtraText(FailureCode.TEXT_AFTER, reason, (start, start + len(between)))
    return first_piece(rest, first, last, "the calls", wrappers=wrappers)
