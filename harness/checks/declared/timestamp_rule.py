"""A kind of time and its bounds: what a task declares of a value that is a time."""

import datetime
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from harness.checks.text.calendar import (
    Offset,
    read_date,
    read_date_time,
    read_duration,
    read_time,
)
from harness.checks.text.game_clock import (
    MAX_OVERTIMES,
    PERIODS,
    GameClock,
    GamePlace,
    Halves,
    Periods,
    Sport,
)
from harness.core.verdict import FailureCode

Kind = Literal["date", "datetime", "time", "duration", "unix", "game_clock"]
Moment = datetime.datetime | datetime.timedelta | Decimal | float | GamePlace
"""A point in time: of the calendar, of a day, a length in seconds, the seconds since 1970, or a
place in a game."""
_LENGTHS = ("periods", "period_minutes", "overtimes", "overtime_minutes")
_SETTINGS_OF: dict[str, tuple[str, ...]] = {
    "game_clock": ("sport", *_LENGTHS),
    "datetime": ("offset",),
    "time": ("offset",),
}
"""Settings that only some kinds have."""
_MAX_UNIX = 10**18
"""A larger number is no moment, and arithmetic with it may overflow."""
_OFFSETS = {"required": "with its offset", "optional": "", "forbidden": "without an offset"}


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Bound = Annotated[str | None, BeforeValidator(_as_text)]


@dataclass(frozen=True, slots=True)
class TimestampRule:
    """A kind of time, and the bounds that a value of it keeps.

    Raises:
        ValueError: a bound is no time of that kind, or a setting is another kind's.
    """

    kind: Kind
    """The kind of time."""
    earliest: Bound = None
    """The first moment that is plausible, in the form of ``kind``; for ``unix`` a day, a date-time
    or seconds."""
    latest: Bound = None
    """The last one, itself included; a day that is given without a time is included whole."""
    order: Literal["any", "nondecreasing", "nonincreasing"] = "any"
    """The order of one pointer's times in the text. Time passes in a game while its clock runs
    down."""
    optional: bool = False
    """The value may be missing or ``null``."""
    offset: Offset | None = None
    """For ``datetime`` and ``time``: an offset from UTC must, may (the default) or must not stand
    behind it."""
    sport: Sport | None = None
    """For ``game_clock``: whose periods and lengths hold; ``nba`` by default."""
    periods: Annotated[int | None, Field(gt=0, le=9)] = None
    """Periods before overtime, where they are not the sport's."""
    period_minutes: Annotated[int | None, Field(gt=0, le=99)] = None
    """Length of a period, where it is not the sport's: what the clock shows at its start."""
    overtimes: Annotated[int | None, Field(ge=0, le=MAX_OVERTIMES)] = None
    """The most overtimes of a game, where they are not the sport's; for ``football``, 0 means that
    there is no extra time."""
    overtime_minutes: Annotated[int | None, Field(gt=0, le=99)] = None
    """Length of an overtime, where it is not the sport's: 5 in a regular season of the NHL."""

    def __post_init__(self) -> None:
        for setting in ("offset", "sport", *_LENGTHS):
            is_of_kind = setting in _SETTINGS_OF.get(self.kind, ())
            is_of_sport = self.sport != "football" or setting in ("sport", "overtimes")
            if getattr(self, setting) is not None and not (is_of_kind and is_of_sport):
                owner = self.sport if is_of_kind else self.kind
                raise ValueError(f"{setting} is no setting of {owner}")
        for bound in (self.earliest, self.latest):
            if bound is not None and self._read_bound(bound) is None:
                raise ValueError(f"{bound!r} is no {self.kind}: expected {self.expected}")
        if self.kind == "unix" and (self.earliest is None or self.latest is None):
            raise ValueError("unix needs earliest and latest: any number is some moment")

    @property
    def code(self) -> FailureCode:
        is_date = self.kind in ("date", "datetime", "unix")
        return FailureCode.BAD_DATE if is_date else FailureCode.BAD_CLOCK

    @property
    def expected(self) -> str:
        offset = _OFFSETS[self.offset or "optional"]
        return {
            "date": "a day as YYYY-MM-DD, or an RFC 3339 date-time",
            "datetime": f"an RFC 3339 date-time {offset}".rstrip(),
            "time": f"a time of day as hh:mm or hh:mm:ss {offset}".rstrip(),
            "duration": "an ISO 8601 duration such as PT1H30M",
            "unix": "seconds or milliseconds since 1970",
        }.get(self.kind) or self.clock.expected

    @property
    def clock(self) -> GameClock:
        """The sport's clock, with the lengths that the task gives."""
        if self.sport == "football":
            return Halves(self.overtimes != 0)
        base = PERIODS[self.sport or "nba"]
        return Periods(
            base.letter,
            self.periods or base.count,
            self.period_minutes or base.minutes,
            base.overtimes if self.overtimes is None else self.overtimes,
            self.overtime_minutes or base.overtime_minutes,
        )

    def read(self, value: Any) -> Moment | None:
        """The moment that a value names; ``None`` when it names none.

        A time is a string; a number is one only for ``unix``, and for the minutes of ``football``.
        """
        if self.kind == "unix":
            return self._read_unix(value)
        if self.sport == "football" and _is_integer(value) and 0 <= value < 1000:
            value = str(value)
        return self._read_text(value) if isinstance(value, str) else None

    def _read_text(self, text: str) -> Moment | None:
        match self.kind:
            case "game_clock":
                return self.clock.read(text)
            case "datetime":
                return read_date_time(text, self.offset or "optional")
            case "time":
                return read_time(text, self.offset or "optional")
            case "duration":
                return read_duration(text)
        day = read_date(text)
        return read_date_time(text) if day is None else _midnight(day)

    def _read_unix(self, value: Any) -> Decimal | None:
        """Seconds since 1970: of the two readings the one within the bounds, else as written."""
        if isinstance(value, str):
            value = int(value) if len(value) < 20 and value.isascii() and value.isdigit() else None
        is_number = _is_integer(value) or isinstance(value, Decimal)
        if not is_number or not -_MAX_UNIX < value < _MAX_UNIX:
            return None
        seconds = Decimal(value)
        is_milliseconds = self.outside(seconds) and not self.outside(seconds / 1000)
        return seconds / 1000 if is_milliseconds else seconds

    def _read_bound(self, text: str) -> Any:
        if self.kind not in ("datetime", "unix"):
            return self._read_text(text)
        if self.kind == "unix" and text.isascii() and text.isdigit() and len(text) < 20:
            return Decimal(text)
        day = read_date(text)
        moment = read_date_time(text, "optional") if day is None else _midnight(day)
        if moment is None or self.kind == "datetime":
            return moment
        return Decimal(int(moment.timestamp()))

    def outside(self, moment: Any) -> str:
        """``before X`` or ``after X`` for a moment beyond the bound X; empty within both."""
        if self.earliest is not None and moment < self._read_bound(self.earliest):
            return f"before {self.earliest}"
        if self.latest is not None and moment > self._end_of(self.latest):
            return f"after {self.latest}"
        return ""

    def _end_of(self, text: str) -> Any:
        moment = self._read_bound(text)
        is_day = self.kind in ("date", "datetime", "unix") and read_date(text) is not None
        if not is_day:
            return moment
        if isinstance(moment, datetime.datetime):
            return moment.replace(hour=23, minute=59, second=59, microsecond=999_999)
        return moment + 86_400 - Decimal("0.000001")


def _midnight(day: datetime.date) -> datetime.datetime:
    return datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
