"""Judges the times in a value: days, times of day, clocks of games, in window and order."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from harness.checks.declared.output import Output
from harness.checks.declared.timestamp_rule import TimestampRule
from harness.checks.json.pointer import PointerMatch, follow, span_of, verdict_path
from harness.checks.json.value import document_of
from harness.checks.json.wording import kind_of, show
from harness.checks.text.document import Document
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("timestamps",)
BROKEN_BY = ("syntax",)


@dataclass(frozen=True, slots=True)
class TimestampSanity:
    """Rejects ``{"date": "2023-02-30"}``, and ``{"ts": "Q5 13:70"}`` where a game clock belongs.

    A value that is missing where its pointer names it is no time either, unless it is optional; a
    ``*`` that finds no item finds nothing wrong.
    """

    timestamps: tuple[tuple[str, TimestampRule], ...]
    """JSON pointer, ``*`` for every item, and what stands there."""
    wrappers: Wrappers = KNOWN_WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        document = document_of(completion, self.wrappers)
        if isinstance(document, Verdict):
            return document
        for pointer, rule in self.timestamps:
            for verdict in _failures(document, pointer, rule):
                return verdict
        return Verdict.passed()


def check_for(output: Output) -> TimestampSanity:
    return TimestampSanity(tuple(output.timestamps.items()), output.wrappers)


def _failures(document: Document, pointer: str, rule: TimestampRule) -> Iterator[Verdict]:
    previous: Any = None
    failed = partial(_failed, document)
    for found in follow(document.value, pointer):
        if rule.optional and (found.is_missing or found.value is None):
            continue
        moment = rule.read(found.value)
        if moment is None:
            yield failed(found, *_no_time(found, rule))
            return
        if outside := rule.outside(moment):
            yield failed(found, rule.code, f"{_named(found)} {outside}")
        if previous is not None and _is_out_of_order(previous[0], moment, rule.order):
            side = "earlier" if rule.order == "nondecreasing" else "later"
            said = f"{_named(found)} {side} than {show(previous[1])} before it"
            yield failed(found, rule.code, said)
        previous = moment, found.value


def _named(found: PointerMatch) -> str:
    return f"{found.pointer}: {show(found.value)} is"


def _failed(document: Document, found: PointerMatch, code: FailureCode, reason: str) -> Verdict:
    span = span_of(document, found.path)
    return Verdict.failed(code, reason, span, path=verdict_path(found.path))


def _no_time(found: PointerMatch, rule: TimestampRule) -> tuple[FailureCode, str]:
    expected = f"{found.pointer}: expected {rule.expected}, found"
    if found.is_missing:
        return FailureCode.MISSING_KEY, f"{expected} no such key"
    value = show(found.value) if isinstance(found.value, str) else kind_of(found.value)
    return rule.code, f"{expected} {value}"


def _is_out_of_order(previous: Any, moment: Any, order: str) -> bool:
    if order == "nondecreasing":
        return bool(moment < previous)
    return order == "nonincreasing" and bool(moment > previous)
