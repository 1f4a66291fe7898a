"""Dates and clocks as text: RFC 3339 and nothing more lenient. ASCII digits, real days."""

import datetime
import re

_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)


def read_date(text: str) -> datetime.date | None:
    """The day of an RFC 3339 ``full-date``; ``None`` when it is none or no real day."""
    match = _DATE.fullmatch(text)
    try:
        return datetime.date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


def is_time(text: str) -> bool:
    """True for an RFC 3339 ``full-time``: with an offset, a leap second only at 23:59 UTC."""
    match = _TIME.fullmatch(text)
    if match is None:
        return False
    hour, minute, second = (int(part) for part in match.group(1, 2, 3))
    offset_hour, offset_minute = int(match[6] or 0), int(match[7] or 0)
    if hour > 23 or minute > 59 or offset_hour > 23 or offset_minute > 59:
        return False
    if second < 60:
        return True
    offset = (offset_hour * 60 + offset_minute) * (-1 if match[5] == "-" else 1)
    return second == 60 and (hour * 60 + minute - offset) % (24 * 60) == 23 * 60 + 59


def read_date_time(text: str) -> datetime.datetime | None:
    """The moment of an RFC 3339 ``date-time``, in UTC; ``None`` when it is none.

    A leap second is read as the second before it; digits below the microsecond are dropped.
    """
    if text[10:11] not in ("T", "t"):
        return None
    day = read_date(text[:10])
    match = _TIME.fullmatch(text, 11)
    if day is None or match is None or not is_time(text[11:]):
        return None
    hour, minute, second = (int(part) for part in match.group(1, 2, 3))
    fraction = int((match[4] or ".0")[1:7].ljust(6, "0"))
    minutes = int(match[6] or 0) * 60 + int(match[7] or 0)
    offset = datetime.timedelta(minutes=-minutes if match[5] == "-" else minutes)
    local = datetime.datetime(
        day.year, day.month, day.day, hour, minute, min(second, 59), fraction, datetime.UTC
    )
    try:
        return local - offset
    except OverflowError:
        return local
