"""Reads the days that a text states, however they are written, and where they stand."""

import datetime
import re
import unicodedata
from collections.abc import Iterator

Span = tuple[int, int]
_MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    "|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>[0-9]{4}|'[0-9]{2})"
_DATES = tuple(
    re.compile(rf"(?<![0-9A-Za-z]){pattern}(?![0-9])", re.IGNORECASE)
    for pattern in (
        r"(?P<year>[0-9]{4})(?P<by>[-/.])(?P<month>[0-9]{1,2})(?P=by)(?P<day>[0-9]{1,2})",
        r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})",
        r"(?P<either>[0-9]{1,2})(?P<by>[-/.])(?P<other>[0-9]{1,2})(?P=by)(?P<year>[0-9]{4}|[0-9]{2})",
        rf"(?P<name>{_MONTHS})\.?[ -]{{0,2}}{_DAY}(?:,? |-){_YEAR}",
        rf"{_DAY}(?: of)?[ -.]{{1,2}}(?P<name>{_MONTHS})\.?,?[ -]{{1,2}}{_YEAR}",
        rf"{_YEAR},?[ -](?P<name>{_MONTHS})\.?[ -]{_DAY}",
        r"(?P<year>[0-9]{4})\u5e74(?P<month>[0-9]{1,2})\u6708(?P<day>[0-9]{1,2})\u65e5",
    )
)
_NUMERIC_DATES, _NAMED_DATES, _CHINESE_DATES = _DATES[:3], _DATES[3:6], _DATES[6:]
_COMPACT = _DATES[1]
_YEARLESS = tuple(
    re.compile(rf"(?<![0-9A-Za-z]){pattern}(?![0-9A-Za-z])", re.IGNORECASE)
    for pattern in (
        rf"(?P<name>{_MONTHS})\.?[ -]{_DAY}",
        rf"{_DAY}(?: of)?[ -](?P<name>{_MONTHS})",
    )
)
_DATE_HINT = re.compile(r"(?<![0-9])(?:[0-9]++(?=[-/.][0-9]++[-/.][0-9])|[0-9]{8}(?![0-9]))")
"""From the first digit on only: tried again from each of a long number's, it takes its square."""
_CLOCK = re.compile(
    r"[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)


def days_of(value: str) -> frozenset[datetime.date]:
    """The days that ``value`` may mean when it is a date and nothing else; 3/5/2024 may be two."""
    text = unicodedata.normalize("NFKC", value).strip()
    if not 6 <= len(text) <= 48:
        return frozenset()
    for pattern in _DATES:
        match = pattern.match(text)
        rest = text[match.end() :] if match else ""
        if match and (not rest or _CLOCK.fullmatch(rest)):
            return frozenset(_days(match))
    return frozenset()


def yearless_day_of(value: str) -> tuple[int, int] | None:
    """The month and the day that ``value`` means when it is ``30 Nov`` or its like."""
    text = unicodedata.normalize("NFKC", value).strip()
    if len(text) > 24:
        return None
    matches = (pattern.fullmatch(text) for pattern in _YEARLESS)
    return next((_month_and_day(match) for match in matches if match), None)


def days_in(text: str) -> Iterator[tuple[datetime.date, Span]]:
    """Every day that the text states, with the part of it that numbers may not be read from.

    That is the whole date, without the year of one whose month is a word: a year that stands by
    itself is a number too. A date of eight digits may be a number altogether.
    """
    for match in _matches(text):
        span = match.span()
        if match.re is _COMPACT:
            span = (match.start(), match.start())
        elif "name" in match.groupdict() and len(match["year"]) == 4:
            start, end = match.span("year")
            span = (end, span[1]) if start == span[0] else (span[0], start)
        for day in _days(match):
            yield day, span


def yearless_days_in(text: str) -> Iterator[tuple[tuple[int, int], Span]]:
    """The month and the day of every ``30 Nov`` of the text, and where it stands.

    The month's name begins with a capital letter: people may march 5 miles.
    """
    for pattern in _YEARLESS if _has_month(text) else ():
        for match in pattern.finditer(text):
            if match["name"][0].isupper():
                yield _month_and_day(match), match.span()


def _matches(text: str) -> Iterator["re.Match[str]"]:
    for hint in _DATE_HINT.finditer(text):
        for pattern in _NUMERIC_DATES:
            if match := pattern.match(text, hint.start()):
                yield match
    patterns = _NAMED_DATES if _has_month(text) else ()
    for pattern in (*patterns, *(_CHINESE_DATES if "\u5e74" in text else ())):
        yield from pattern.finditer(text)


def _has_month(text: str) -> bool:
    lowered = text.lower()
    return any(map(lowered.__contains__, _MONTH_NAMES))


def _days(match: "re.Match[str]") -> Iterator[datetime.date]:
    parts = match.groupdict()
    year = int(parts["year"].lstrip("'"))
    year += 2000 if len(parts["year"].lstrip("'")) == 2 else 0
    if "either" in parts:
        pairs = {(int(parts["either"]), int(parts["other"]))}
        pairs |= {(day, month) for month, day in pairs}
    elif "name" in parts:
        pairs = {_month_and_day(match)}
    else:
        pairs = {(int(parts["month"]), int(parts["day"]))}
    for month, day in sorted(pairs):
        try:
            yield datetime.date(year, month, day)
        except ValueError:
            continue


def _month_and_day(match: "re.Match[str]") -> tuple[int, int]:
    return 1 + _MONTH_NAMES.index(match["name"][:3].lower()), int(match["day"])
