"""Reads the words, numbers and days that a text states, however they are written.

A value is *grounded* in a text that states it. Numbers count by their exact decimal value, days by
the calendar, everything else as whole words.
"""

import datetime
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from harness.checks.text.whole_words import has_words, normal

_CURRENCY = "$€£¥₹₩₽₺₴₪₫฿₦¢"
_BEFORE_A_SIGNED = f"-\u2212{_CURRENCY}"
_DIGITS = re.compile(r"(?<![0-9])(?:[0-9]+|\.[0-9]+)(?:[.,'\u2019][0-9]+)*")
_SPACED = re.compile(r"(?<![\w.,])[0-9]{1,3}(?: [0-9]{3})+(?![0-9])")
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")
_MAY_BE_GROUPED = re.compile(r"\.[0-9]{3}\Z")
_GROUPED = re.compile(r"[0-9]{1,3}(?:[,'\u2019][0-9]{2,3})*[,'\u2019][0-9]{3}(?:\.[0-9]+)?")
_CONTINENTAL = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?|[0-9]+,[0-9]+")
_WHOLE_NUMBER = re.compile(
    rf"(?:[A-Za-z]{{2,3}} ?)?(?P<sign>[-+\u2212]?)[{_CURRENCY}]? ?(?P<inner>[-+\u2212]?)"
    rf"(?P<digits>(?:[0-9]|\.[0-9])[0-9.,'\u2019 ]*?)(?P<exponent>[eE][-+]?[0-9]{{1,3}})?"
    rf" ?(?:[{_CURRENCY}%]|[A-Za-z]{{3}})?"
)
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
_DATE_HINT = re.compile(r"(?<![0-9])(?:[0-9]++(?=[-/.][0-9]++[-/.][0-9])|[0-9]{8}(?![0-9]))")
"""From the first digit on only: tried again from each of a long number's, it takes its square."""
_CLOCK = re.compile(
    r"[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)
_MAX_DIGITS = 1000
"""A longer number is nobody's fact."""
_MAX_WORDS = 300
"""Words of a text among which the nearest to a value is looked for."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The words, numbers and days that one text states."""

    text: str
    """In normal form."""
    numbers: frozenset[Decimal]
    days: frozenset[datetime.date]

    def state(self, value: str) -> bool:
        """True when the text states ``value``, be it words, a number or a day."""
        days = days_of(value)
        if days:
            return bool(days & self.days)
        numbers = numbers_of(value)
        if numbers and (numbers & self.numbers or " " not in value.strip()):
            return bool(numbers & self.numbers)
        return has_words(self.text, normal(value))

    def nearest(self, value: str) -> str:
        """The piece of the text that is most like ``value``; empty when nothing is."""
        days = days_of(value)
        if days and self.days:
            return min(self.days, key=lambda day: abs(day - min(days))).isoformat()
        numbers = numbers_of(value)
        if numbers and self.numbers:
            wanted = min(numbers)
            return str(min(self.numbers, key=lambda n: (abs(n - wanted), n)))
        return _most_alike(self.text, normal(value[:200]))


@lru_cache(maxsize=64)
def facts_of(text: str) -> Facts:
    """The facts of ``text``; those of recent texts are remembered."""
    shown = unicodedata.normalize("NFKC", text)
    return Facts(normal(text), frozenset(_numbers_in(shown)), frozenset(_days_in(shown)))


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


def numbers_of(value: str) -> frozenset[Decimal]:
    """The numbers that ``value`` may mean when it is a number and nothing else."""
    match = _WHOLE_NUMBER.fullmatch(unicodedata.normalize("NFKC", value).strip()[:100])
    if match is None or len(value) > 100:
        return frozenset()
    is_minus = _is_minus(match["sign"]) or _is_minus(match["inner"])
    digits = match["digits"].replace(" ", "")
    numbers = _readings(digits, match["exponent"] or "")
    return frozenset(_signed(number, is_minus) for number in numbers)


def _numbers_in(text: str) -> Iterator[Decimal]:
    for match in _DIGITS.finditer(text):
        start = match.start()
        before = text[start - 1] if start else " "
        if before.isalpha() and not _follows_currency_code(text, start):
            continue
        is_minus = before in _BEFORE_A_SIGNED and _has_minus(text, start)
        for number in _readings(match[0]):
            yield _signed(number, is_minus)
    for match in _SPACED.finditer(text):
        number = Decimal(match[0].replace(" ", ""))
        yield _signed(number, _has_minus(text, match.start()))


def _signed(number: Decimal, is_minus: bool) -> Decimal:
    """Without arithmetic, which would round to the digits of the context."""
    return number.copy_negate() if is_minus else number


def _has_minus(text: str, position: int) -> bool:
    """True when a minus precedes the digits at ``position``, a currency sign between or not.

    A hyphen that follows a letter or a digit joins (``2024-01``, ``Q-4``): it is no sign.
    """
    start = position
    while start and text[start - 1] in _CURRENCY:
        start -= 1
    if not start or not _is_minus(text[start - 1]):
        return False
    before = text[start - 2 : start - 1]
    return not (before.isalnum() or before in (")", "]")) or before in tuple(_CURRENCY)


def _follows_currency_code(text: str, position: int) -> bool:
    start = position
    while start and text[start - 1].isalpha() and position - start < 4:
        start -= 1
    return text[start:position].isupper() and position - start in (2, 3)


def _is_minus(sign: str) -> bool:
    return sign in ("-", "\u2212")


def _readings(digits: str, exponent: str = "") -> set[Decimal]:
    """The values that digits with separators may have: ``1.234`` is read in two ways."""
    if len(digits) > _MAX_DIGITS:
        return set()
    if _PLAIN.fullmatch(digits) and not _MAY_BE_GROUPED.search(digits):
        return {Decimal(digits + exponent)}
    found = {digits} if _PLAIN.fullmatch(digits) else set()
    if _GROUPED.fullmatch(digits):
        found.add(re.sub(r"[,'\u2019]", "", digits))
    elif _CONTINENTAL.fullmatch(digits):
        found.add(digits.replace(".", "").replace(",", "."))
    return {Decimal(text + exponent) for text in found or _PLAIN.findall(digits)}


def _days_in(text: str) -> Iterator[datetime.date]:
    for hint in _DATE_HINT.finditer(text):
        for pattern in _NUMERIC_DATES:
            if match := pattern.match(text, hint.start()):
                yield from _days(match)
    lowered = text.lower()
    patterns = _NAMED_DATES if any(month in lowered for month in _MONTH_NAMES) else ()
    for pattern in (*patterns, *(_CHINESE_DATES if "\u5e74" in text else ())):
        for match in pattern.finditer(text):
            yield from _days(match)


def _days(match: re.Match[str]) -> Iterator[datetime.date]:
    parts = match.groupdict()
    year = int(parts["year"].lstrip("'"))
    year += 2000 if len(parts["year"].lstrip("'")) == 2 else 0
    if "either" in parts:
        pairs = {(int(parts["either"]), int(parts["other"]))}
        pairs |= {(day, month) for month, day in pairs}
    elif "name" in parts:
        pairs = {(1 + _MONTH_NAMES.index(parts["name"][:3].lower()), int(parts["day"]))}
    else:
        pairs = {(int(parts["month"]), int(parts["day"]))}
    for month, day in sorted(pairs):
        try:
            yield datetime.date(year, month, day)
        except ValueError:
            continue


def _most_alike(text: str, value: str) -> str:
    """The stretch of as many words as ``value`` has that shares most pairs of letters with it."""
    words = text.split(" ", _MAX_WORDS)[:_MAX_WORDS]
    size = min(6, value.count(" ") + 1)
    pairs = _pairs(value)
    best, most = "", 0.0
    for start in range(max(1, len(words) - size + 1)):
        candidate = " ".join(words[start : start + size])[:200]
        found = _pairs(candidate)
        alike = len(pairs & found) / (len(pairs | found) or 1)
        if alike > most:
            best, most = candidate, alike
    return best.strip(".,;:!?()<>|\"'") if most >= 0.2 else ""


def _pairs(text: str) -> set[str]:
    return {text[i : i + 2] for i in range(len(text) - 1)}
