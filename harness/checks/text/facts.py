"""Reads the words, numbers and days that a text states, however they are written.

A value is *grounded* in a text that states it. What stands there as whole words is stated, whatever
it looks like. Beyond that, numbers count by their exact decimal value, days by the calendar, and a
number with letters beside it by both.
"""

import datetime
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache

from harness.checks.text.currency import MONEY
from harness.checks.text.days import Span, days_in, days_of, yearless_day_of, yearless_days_in
from harness.checks.text.number_words import numbers_in_words
from harness.checks.text.numbers import (
    StatedNumber,
    is_bare_number,
    numbers_in,
    numbers_of,
    stated_by,
    without_other_kinds,
)
from harness.checks.text.whole_words import has_words, normal

_MAX_WORDS = 300
"""Words of a text among which the nearest to a value is looked for."""
_FULL_STOPS = ".\u3002"
_HYPHENATED = re.compile(r"[-\u2010\u00ad](?<=[^\W\d_].)[ \t]*\r?\n[ \t]*(?=[^\W\d_])")
_EMPHASIS = re.compile(
    r"(?<![\w*])(?:\*{1,3}|_{1,3})(?=[^\s*_])|(?<=[^\s*_])(?:\*{1,3}|_{1,3})(?![\w*])"
)
_PADDED = re.compile("0[0-9]")
_WITH_LETTERS = re.compile(
    r"(?<![\w.,'\u2019])(?P<before>[^\W\d_]*+)(?P<digits>[0-9]++(?:[.,'\u2019][0-9]++)*+)"
    r"(?P<after>[^\W\d_]*+)(?![\w'\u2019])"
)
"""A number with the letters that touch it, and nothing else."""


@dataclass(frozen=True)
class Facts:
    """The words, numbers and days that one text states, each read when it is first asked for."""

    text: str
    """As it stands."""

    @cached_property
    def normal(self) -> str:
        """The text in the form in which words are compared."""
        return normal(self.text)

    @cached_property
    def mended(self) -> tuple[str, ...]:
        """The text, in normal form, without emphasis and with the words whole that a line break
        cut; empty where it has neither."""
        is_plain = "*" not in self.text and "_" not in self.text
        plain = self.text if is_plain else _EMPHASIS.sub("", self.text)
        if _HYPHENATED.search(plain):
            return tuple(normal(_HYPHENATED.sub(joint, plain)) for joint in ("", "-"))
        return () if plain == self.text else (normal(plain),)

    @cached_property
    def stated(self) -> frozenset[StatedNumber]:
        """Its numbers, those apart that are a part of something else."""
        spans = [span for _, span in (*self._dates, *self._yearless_dates)]
        return frozenset(numbers_in(without_other_kinds(_without(self._shown, spans))))

    @cached_property
    def numbers(self) -> frozenset[Decimal]:
        return frozenset(number.value for number in self.stated)

    @cached_property
    def numbers_in_words(self) -> frozenset[int]:
        return frozenset(numbers_in_words(self._shown))

    @cached_property
    def days(self) -> frozenset[datetime.date]:
        return frozenset(day for day, _ in self._dates)

    @cached_property
    def yearless(self) -> frozenset[tuple[int, int]]:
        """The months and days of its dates without a year."""
        return frozenset(day for day, _ in self._yearless_dates)

    @cached_property
    def _shown(self) -> str:
        return unicodedata.normalize("NFKC", self.text)

    @cached_property
    def _dates(self) -> list[tuple[datetime.date, Span]]:
        return list(days_in(self._shown))

    @cached_property
    def _yearless_dates(self) -> list[tuple[tuple[int, int], Span]]:
        return list(yearless_days_in(self._shown))

    @cached_property
    def _spelled_out(self) -> str:
        return _spelled_out(self.normal)

    def state(self, value: str) -> bool:
        """True when the text states ``value``, be it words, a number or a day.

        A full stop that ends the value is not held against it.
        """
        if self._states(value):
            return True
        without = value.rstrip()[:-1] if value.rstrip()[-1:] in tuple(_FULL_STOPS) else ""
        return bool(without.strip()) and self._states(without)

    def state_number(self, number: Decimal) -> bool:
        """True when the text states the number, in digits or in words."""
        return number in self.numbers or number in self.numbers_in_words

    def _states(self, value: str) -> bool:
        if is_bare_number(value) and (numbers := numbers_of(value)):
            return any(map(self.state_number, numbers)) or self._has_day(value)
        return self._has_words(value) or self._has_day(value) or self._has_number(value)

    def _has_words(self, value: str) -> bool:
        words = normal(value)
        if has_words(self.normal, words, keeps_sign=True):
            return True
        return any(has_words(text, words, keeps_sign=True) for text in self.mended)

    def _has_day(self, value: str) -> bool:
        day = yearless_day_of(value)
        if day is not None:
            return day in self.yearless or any((d.month, d.day) == day for d in self.days)
        return bool(days_of(value) & self.days)

    def _has_number(self, value: str) -> bool:
        """True for a number of the text: its currency, or the letters beside it, must agree."""
        for number in stated_by(value):
            if number in self.stated or (number.value in self.numbers and not number.currency):
                return True
            if StatedNumber(number.value, "") in self.stated and self._is_about_money(number):
                return True
        if not any(character.isdigit() for character in value) or len(value) > 200:
            return False
        return has_words(self._spelled_out, _spelled_out(normal(value)), keeps_sign=True)

    def _is_about_money(self, number: StatedNumber) -> bool:
        """True where a currency stands somewhere in the text, be it at the head of a table."""
        text = self.normal
        return MONEY.search(text) is not None or has_words(text, number.currency.casefold())

    def nearest(self, value: str) -> str:
        """The piece of the text that is most like ``value``; empty when nothing is."""
        days = days_of(value)
        if days and self.days:
            return min(self.days, key=lambda day: abs(day - min(days))).isoformat()
        numbers = numbers_of(value)
        if numbers and self.numbers:
            wanted = min(numbers)
            return str(min(self.numbers, key=lambda n: (abs(n - wanted), n)))
        return _most_alike(self.normal, normal(value[:200]))


@lru_cache(maxsize=64)
def facts_of(text: str) -> Facts:
    """The facts of ``text``; those of recent texts are remembered."""
    return Facts(text)


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with blanks in place of some parts of it."""
    pieces: list[str] = []
    position = 0
    for start, end in sorted(spans):
        if end > position:
            start = max(start, position)
            pieces += [text[position:start], " " * (end - start)]
            position = end
    return "".join([*pieces, text[position:]])


def _spelled_out(text: str) -> str:
    """Numbers with letters beside them in one form: ``1,200km`` and ``1200 km`` are alike."""
    return _WITH_LETTERS.sub(_number_spelled_out, text)


def _number_spelled_out(match: "re.Match[str]") -> str:
    before, digits, after = match.groups()
    if not digits.isdigit() and len(digits) <= 20 and not _PADDED.match(digits):
        numbers = numbers_of(digits)
        digits = f"{min(numbers).normalize():f}" if len(numbers) == 1 else digits
    return " ".join(filter(None, (before, digits, after)))


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
