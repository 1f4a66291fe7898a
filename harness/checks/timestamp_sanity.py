"""Whether the times in a value are times: real days, real clocks, in their window and order."""

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from harness.checks.json.document import Document
from harness.checks.json.pointer import PointerMatch, follow, span_of
from harness.checks.json.value import document_of
from harness.checks.json.wording import kind_of, show
from harness.checks.text.calendar import read_date, read_date_time
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.verdict import FailureCode, Verdict

_CLOCK = re.compile(r"(?:Q([1-4])|OT([2-9]|[1-9][0-9]{1,2})?) ([0-9]{2}):([0-9]{2})")
Moment = datetime.datetime | tuple[int, int]
"""A point in time: of the calendar, or of a game as its period and the seconds played in it."""


@dataclass(frozen=True, slots=True)
class TimestampRule:
    """What kind of time a value is and what bounds it keeps."""

    kind: Literal["date", "game_clock"]
    earliest: str | None = None
    """The first moment that is plausible, in the form of ``kind``."""
    latest: str | None = None
    """The last one, itself included; a day that is given without a time is included whole."""
    order: Literal["any", "nondecreasing", "nonincreasing"] = "any"
    """How the times of one pointer follow each other in the order of the text. Time passes in a
    game while its clock runs down."""
    period_minutes: int = 12
    """Length of a quarter: what the clock shows at its start."""
    overtime_minutes: int = 5
    """Length of an overtime period."""

    def __post_init__(self) -> None:
        for bound in (self.earliest, self.latest):
            if bound is not None and self.read(bound) is None:
                raise HarnessError(f"{bound!r} is no {self.kind}: expected {self.expected}")

    @property
    def code(self) -> FailureCode:
        return FailureCode.BAD_DATE if self.kind == "date" else FailureCode.BAD_CLOCK

    @property
    def expected(self) -> str:
        if self.kind == "date":
            return "a day as YYYY-MM-DD, or an RFC 3339 date-time"
        return f"Q1 to Q4 or OT, OT2, ..., then mm:ss from 00:00 to {self.period_minutes:02}:00"

    def read(self, text: str) -> Moment | None:
        """The moment that ``text`` names; ``None`` when it names none."""
        if self.kind == "game_clock":
            return self._read_clock(text)
        day = read_date(text)
        if day is None:
            return read_date_time(text)
        return datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC)

    def _read_clock(self, text: str) -> tuple[int, int] | None:
        match = _CLOCK.fullmatch(text)
        if match is None:
            return None
        period = int(match[1]) if match[1] else 4 + int(match[2] or 1)
        length = 60 * (self.period_minutes if match[1] else self.overtime_minutes)
        minutes, seconds = int(match[3]), int(match[4])
        left = 60 * minutes + seconds
        return (period, length - left) if seconds < 60 and left <= length else None

    def outside(self, moment: Any) -> str:
        """How the moment lies outside the plausible window; empty when it lies in it."""
        if self.earliest is not None and moment < self.read(self.earliest):
            return f"before {self.earliest}"
        if self.latest is not None and moment > self._end_of(self.latest):
            return f"after {self.latest}"
        return ""

    def _end_of(self, text: str) -> Any:
        moment = self.read(text)
        if isinstance(moment, datetime.datetime) and len(text) == 10:
            return moment.replace(hour=23, minute=59, second=59, microsecond=999_999)
        return moment


@dataclass(frozen=True, slots=True)
class TimestampSanity:
    """Rejects ``{"date": "2023-02-30"}``, and ``{"ts": "Q5 13:70"}`` where a game clock belongs.

    A value that is missing where its pointer names it is no time either; a ``*`` that finds no
    item finds nothing wrong.
    """

    timestamps: tuple[tuple[str, TimestampRule], ...]
    """JSON pointer, ``*`` for every item, and what stands there."""

    def judge(self, case: Case, completion: Completion) -> Verdict:
        document = document_of(completion)
        if isinstance(document, Verdict):
            return document
        for pointer, rule in self.timestamps:
            for verdict in _failures(document, pointer, rule):
                return verdict
        return Verdict.passed()


def _failures(document: Document, pointer: str, rule: TimestampRule) -> Iterator[Verdict]:
    previous: Any = None
    for found in follow(document.value, pointer):
        moment = rule.read(found.value) if isinstance(found.value, str) else None
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
