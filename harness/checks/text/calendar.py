"""Dates, clocks and durations as text: RFC 3339 and ISO 8601 durations. ASCII digits, real days."""

import datetime
import re
from typing import Literal

Offset = Literal["required", "optional", "forbidden"]
"""An offset from UTC (``Z``, ``+02:00``) behind a time of day."""
DURATION = re.compile(
    r"P(?:(?P<W>[0-9]+)W|(?=.)(?:(?P<Y>[0-9]+)Y)?(?:(?P<M>[0-9]+)M)?(?:(?P<D>[0-9]+)D)?"
    r"(?:T(?=.)(?:(?P<h>[0-9]+)H)?(?:(?P<m>[0-9]+)M)?(?:(?P<s>[0-9]+(?:[.,][0-9]+)?)S)?)?)"
)
"""A duration of ISO 8601."""
_DURATION_SECONDS = {
    "W": 604_800, "Y": 31_556_952, "M": 2_629_746, "D": 86_400, "h": 3600, "m": 60, "s": 1,
}  # fmt: skip
"""Years and months are those of the Gregorian calendar's mean."""
_MAX_DURATION = 100
"""Characters; a longer duration is nobody's."""
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?([Zz]|([+-])([0-9]{2}):([0-9]{2}))?"
)


def read_date(text: str) -> datetime.date | None:
    """The day of an RFC 3339 ``full-date``; ``None`` when it is none or no real day."""
    match = _DATE.fullmatch(text)
    try:
        return datetime.date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


def is_time(text: str, offset: Offset = "required") -> bool:
    """True for an RFC 3339 ``full-time``: a leap second only at 23:59 UTC.

    Args:
        text: the time.
        offset: ``optional`` and ``forbidden`` also allow a ``partial-time``, without an offset.
    """
    match = _TIME.fullmatch(text)
    if match is None or not _is_allowed(bool(match[5]), offset):
        return False
    hour, minute, second = (int(part) for part in match.group(1, 2, 3))
    offset_hour, offset_minute = int(match[7] or 0), int(match[8] or 0)
    if hour > 23 or minute > 59 or offset_hour > 23 or offset_minute > 59:
        return False
    if second < 60:
        return True
    return second == 60 and (hour * 60 + minute - _minutes_east(match)) % 1440 == 1439


def read_time(text: str, offset: Offset = "optional") -> datetime.timedelta | None:
    """The time passed since midnight UTC, or local midnight without an offset; ``None`` for no
    time of day. Its seconds may be left out."""
    whole = f"{text[:5]}:00{text[5:]}" if text[5:6] != ":" else text
    if not is_time(whole, offset):
        return None
    return _since_midnight(_TIME.fullmatch(whole))


def read_date_time(text: str, offset: Offset = "required") -> datetime.datetime | None:
    """The moment of an RFC 3339 ``date-time``, in UTC; ``None`` when it is none.

    A leap second is read as the second before it; digits below the microsecond are dropped. Without
    an offset, where ``offset`` allows that, it is read as UTC.
    """
    if text[10:11] not in ("T", "t"):
        return None
    day = read_date(text[:10])
    if day is None or not is_time(text[11:], offset):
        return None
    midnight = datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC)
    match = _TIME.fullmatch(text, 11)
    try:
        return midnight + _since_midnight(match)
    except OverflowError:
        return midnight + _since_midnight(match, is_local=True)


def read_duration(text: str) -> float | None:
    """The seconds of an ISO 8601 duration; ``None`` when it is none."""
    match = DURATION.fullmatch(text) if len(text) <= _MAX_DURATION else None
    if match is None:
        return None
    parts = {unit: part.replace(",", ".") for unit, part in match.groupdict().items() if part}
    return sum(float(part) * _DURATION_SECONDS[unit] for unit, part in parts.items())


def _is_allowed(has_offset: bool, offset: Offset) -> bool:
    return offset == "optional" or has_offset is (offset == "required")


def _since_midnight(match: "re.Match[str] | None", is_local: bool = False) -> datetime.timedelta:
    assert match is not None, "only a time has a time of day"
    hour, minute, second = (int(part) for part in match.group(1, 2, 3))
    return datetime.timedelta(
        hours=hour,
        minutes=minute - (0 if is_local else _minutes_east(match)),
        seconds=min(second, 59),
        microseconds=int((match[4] or ".0")[1:7].ljust(6, "0")),
    )


def _minutes_east(match: "re.Match[str]") -> int:
    """The offset from UTC; 0 without one."""
    minutes = int(match[7] or 0) * 60 + int(match[8] or 0)
    return -minutes if match[6] == "-" else minutes
