"""Judges the times in a value: days, times of day, clocks of games, in window and order."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.checks.declared.output import Output
from harness.checks.declared.timestamp_rule import TimestampRule
from harness.checks.json.document import Document
from harness.checks.json.pointer import PointerMatch, follow, span_of
from harness.checks.json.value import document_of
from harness.checks.json.wording import kind_of, show
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
    for found in follow(document.value, pointer):
        if rule.optional and (found.is_missing or found.value is None):
            continue
        moment = rule.read(found.value)
        if moment is None:
            yield _no_time(document, found, rule)
            return
        where = f"{found.pointer}: {show(found.value)} is"
        span = span_of(document, found.path) if rule.outside(moment) else None
        if span:
            yield Verdict.failed(rule.code, f"{where} {rule.outside(moment)}", span)
        if previous is not None and _is_out_of_order(previous[0], moment, rule.order):
            side = "earlier" if rule.order == "nondecreasing" else "later"
            reason = f"{where} {side} than {show(previous[1])} before it"
            yield Verdict.failed(rule.code, reason, span_of(document, found.path))
        previous = moment, found.value


def _no_time(document: Document, found: PointerMatch, rule: TimestampRule) -> Verdict:
    span = span_of(document, found.path)
    if found.is_missing:
        reason = f"{found.pointer}: expected {rule.expected}, found no such key"
        return Verdict.failed(FailureCode.MISSING_KEY, reason, span)
    value = show(found.value) if isinstance(found.value, str) else kind_of(found.value)
    return Verdict.failed(
        rule.code, f"{found.pointer}: expected {rule.expected}, found {value}", span
    )


def _is_out_of_order(previous: Any, moment: Any, order: str) -> bool:
    if order == "nondecreasing":
        return bool(moment < previous)
    return order == "nonincreasing" and bool(moment > previous)
