"""Shared by checks of a JSON value: its document, or the verdict where there is none."""

from dataclasses import replace

from harness.checks.json.brackets import BracketLoop, find_bracket_loop
from harness.checks.json.document import read_document
from harness.checks.json.extra_text import extra_text
from harness.checks.json.fault import Fault
from harness.checks.text.company import ExtraText
from harness.checks.text.document import Document
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.completion import Completion, FinishReason
from harness.core.verdict import FailureCode, Verdict

MAX_STRAY_CLOSERS = 2
"""Closers that close nothing and are still no loop."""
MAX_OPEN_RUN = 2
"""Openers in a row that are left open and are still no loop."""


def without_completion(completion: Completion) -> Verdict | None:
    """The verdict where the backend failed and there is no completion to judge."""
    if completion.finish_reason is not FinishReason.ERROR:
        return None
    return Verdict.error(FailureCode.BACKEND_ERROR, completion.error or "the backend failed")


def document_of(completion: Completion, wrappers: Wrappers = KNOWN_WRAPPERS) -> Document | Verdict:
    """The document with a sound value, or the verdict of every check that needs one."""
    if error := without_completion(completion):
        return error
    document = read_document(completion.text, wrappers)
    if document.fault is None:
        return document
    return fault_verdict(document, completion, document.fault)


def first_fault(around: ExtraText | None, fault: Fault | None) -> Fault | None:
    """The first thing that is wrong with a whole answer, in reading order: what stands around its
    value, or what is wrong in it. Where the value breaks off, its fence is open for that reason."""
    if around is None or (fault and around.code is FailureCode.FENCE_UNCLOSED):
        return fault
    if fault is not None and fault.position < around.span[0]:
        return fault
    return Fault(around.code, around.reason, around.span, around.span[0])


def judge_whole(completion: Completion, wrappers: Wrappers) -> Verdict:
    """The verdict on a completion that should be one document of its format, whole and by the
    letter, with nothing around it but what a task allows."""
    if error := without_completion(completion):
        return error
    document = read_document(completion.text, wrappers)
    within = document.fault or document.style
    if within is None and document.is_whole:
        return Verdict.passed()
    fault = first_fault(extra_text(document, wrappers), within)
    assert fault is not None, "a text that is not whole has something around its value"
    return fault_verdict(document, completion, fault)


def fault_verdict(document: Document, completion: Completion, fault: Fault) -> Verdict:
    """``failed``, with the code that takes precedence (see ``json_document``)."""
    if loop := loop_at(document, fault):
        return Verdict.failed(FailureCode.BRACKET_LOOP, loop.reason, loop.span)
    if fault.code is FailureCode.UNCLOSED and completion.finish_reason is FinishReason.LENGTH:
        reason = f"{fault.reason}: the token limit ended the completion"
        fault = replace(fault, code=FailureCode.TRUNCATED, reason=reason)
    return Verdict.failed(fault.code, fault.reason, fault.span)


def loop_at(document: Document, fault: Fault) -> BracketLoop | None:
    """The loop of brackets that a strict reader stumbles over at the fault, if it is one."""
    if fault.code in (FailureCode.EMPTY, FailureCode.NAN):
        return None
    loop = bracket_loop(document, MAX_STRAY_CLOSERS, MAX_OPEN_RUN)
    if loop is None or fault.position < loop.span[0]:
        return None
    return None if document.text[loop.span[1] : fault.position].strip() else loop


def bracket_loop(document: Document, max_stray: int, max_open_run: int) -> BracketLoop | None:
    """The loop of brackets of the whole completion, strings apart."""
    if document.fault is None and document.is_whole:
        return None
    has_value = document.fault is None or document.end > document.start
    return find_bracket_loop(
        document.text,
        (document.start, document.end) if has_value else None,
        is_sound=document.fault is None,
        max_stray=max_stray,
        max_open_run=max_open_run,
    )
