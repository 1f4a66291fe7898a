"""A kind of time and its bounds: what a task declares of a value that is a time."""

import datetime
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from harness.checks.text.calendar import read_date, read_date_time
from harness.core.verdict import FailureCode

_CLOCK = re.compile(r"(?:Q([1-4])|OT([2-9]|[1-9][0-9]{1,2})?) ([0-9]{2}):([0-9]{2})")
Moment = datetime.datetime | tuple[int, int]
"""A point in time: of the calendar, or of a game as its period and the seconds played in it."""


@dataclass(frozen=True, slots=True)
class TimestampRule:
    """A kind of time, and the bounds that a value of it keeps.

    Raises:
        ValueError: a bound is no time of that kind.
    """

    kind: Literal["date", "game_clock"]
    earliest: str | None = None
    """The first moment that is plausible, in the form of ``kind``."""
    latest: str | None = None
    """The last one, itself included; a day that is given without a time is included whole."""
    order: Literal["any", "nondecreasing", "nonincreasing"] = "any"
    """The order of one pointer's times in the text. Time passes in a game while its clock runs
    down."""
    period_minutes: Annotated[int, Field(gt=0)] = 12
    """Length of a quarter: what the clock shows at its start."""
    overtime_minutes: Annotated[int, Field(gt=0)] = 5
    """Length of an overtime period."""

    def __post_init__(self) -> None:
        for bound in (self.earliest, self.latest):
            if bound is not None and self.read(bound) is None:
                raise ValueError(f"{bound!r} is no {self.kind}: expected {self.expected}")

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
        """``before X`` or ``after X`` for a moment beyond the bound X; empty within both."""
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
