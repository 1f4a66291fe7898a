"""Reads the numbers that a text states: whole tokens, by exact decimal value.

``42`` is no number of ``SKU-42``, ``4f42``, ``1.2.42``, ``555-12-42`` and ``14:42``: those are
codes, versions and times. Separators, currency signs and codes, percent signs and units beside a
number are no part of it; a sign is.
"""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from harness.checks.text.currency import CODES, SIGNS
from harness.checks.text.whole_words import is_without_spaces

_MINUS = "-\u2212"
_BEFORE_A_SIGNED = f"{_MINUS}{SIGNS}"
_DIGITS = re.compile(
    r"(?<![0-9])(?:[0-9]+|\.[0-9]+)(?:[.,'\u2019][0-9]+)*"
    r"(?P<exponent>[eE][-+]?[0-9]{1,3}(?![0-9A-Za-z]))?"
)
_SPACED = re.compile(r"(?<![\w.,])[0-9]{1,3}(?: [0-9]{3})+(?![0-9])")
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")
_MAY_BE_GROUPED = re.compile(r"\.[0-9]{3}\Z")
_GROUPED = re.compile(r"[0-9]{1,3}(?:[,'\u2019][0-9]{2,3})*[,'\u2019][0-9]{3}(?:\.[0-9]+)?")
_CONTINENTAL = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?|[0-9]+,[0-9]+")
_LISTED = re.compile(r"[0-9]+(?:,[0-9]+){2,}")
_WHOLE_NUMBER = re.compile(
    rf"(?P<before>[A-Za-z]{{2,3}} ?)?(?P<sign>[-+\u2212]?)(?P<mark>[{SIGNS}]?) ?"
    rf"(?P<inner>[-+\u2212]?)(?P<digits>(?:[0-9]|\.[0-9])[0-9.,'\u2019 ]*?)"
    rf"(?P<exponent>[eE][-+]?[0-9]{{1,3}})? ?(?:[{SIGNS}%]|(?P<after>[A-Za-z]{{3}}))?"
)
_BARE = re.compile(r"[-+\u2212]?[0-9]+(?:[.,'\u2019][0-9]+)*")
_JOINED = re.compile(r"[0-9][:/-][0-9]")
_OTHER_KINDS = re.compile(
    # hours and minutes; three and more numbers in a chain; a day and a month
    r"(?<![0-9:.])(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?(?![0-9:])"
    r"|(?<![0-9A-Za-z_/-])[0-9]++(?:[-/][0-9]++){2,}+"
    r"|(?<![0-9/])(?:0[0-9]/[0-9]{1,2}|[0-9]{1,2}/0[0-9])(?![0-9/])"
)
"""Digits that are times, telephone numbers and the like: no number stands in them."""
_LETTERS_BEFORE = re.compile(r"[^\W\d_]{1,4}\Z")
_LETTERS_AFTER = re.compile(r" ?([A-Z]{3})(?![A-Za-z0-9])")
_MAX_DIGITS = 1000
"""A longer number is nobody's fact."""


class StatedNumber(NamedTuple):
    """One reading of a number in a text."""

    value: Decimal
    currency: str
    """The ISO 4217 code beside it; empty without one."""


def is_bare_number(value: str) -> bool:
    """True for digits, separators and a sign: a text to be read as a number alone."""
    return len(value) <= 100 and _BARE.fullmatch(unicodedata.normalize("NFKC", value)) is not None


def numbers_of(value: str) -> frozenset[Decimal]:
    """The numbers that ``value`` may mean when it is a number and nothing else."""
    return frozenset(number.value for number in stated_by(value))


def stated_by(value: str) -> frozenset[StatedNumber]:
    """The readings of a value that is a number, with its currency, and nothing else."""
    text = unicodedata.normalize("NFKC", value).strip()
    match = _WHOLE_NUMBER.fullmatch(text) if len(value) <= 100 else None
    if match is None:
        return frozenset()
    codes = [code.strip().upper() for code in (match["before"], match["after"]) if code]
    if match["before"] and match["mark"] and not match["before"].endswith(" "):
        codes = codes[1:]  # US$ 5: the letters belong to the sign
    if not CODES.issuperset(codes) or len(codes) > 1:
        return frozenset()
    is_minus = any(sign and sign in _MINUS for sign in (match["sign"], match["inner"]))
    digits = match["digits"].replace(" ", "").rstrip(".")
    numbers = _readings(digits, match["exponent"] or "")
    return frozenset(StatedNumber(_signed(n, is_minus), "".join(codes)) for n in numbers)


def without_other_kinds(text: str) -> str:
    """The text with blanks in place of times of day, telephone numbers and the like."""
    if not _JOINED.search(text):
        return text
    return _OTHER_KINDS.sub(lambda match: " " * len(match[0]), text)


def numbers_in(text: str) -> Iterator[StatedNumber]:
    """Every number of a text that holds no dates any more."""
    for match in _DIGITS.finditer(text):
        start = match.start()
        digits = match[0].removesuffix(match["exponent"] or "")
        before = text[start - 1 : start]
        if before.isalpha() and digits[0] == ".":
            digits, before = digits[1:], "."  # max.10
        end = match.end()
        currency = _currency_before(text, start)
        if not currency and _is_part_of_code(text, start, before):
            continue
        if text[end : end + 1].isidentifier() and _goes_on(text, end):
            continue
        currency = currency or _currency_after(text, end)
        is_minus = bool(before) and before in _BEFORE_A_SIGNED and _has_minus(text, start)
        for number in _readings(digits, match["exponent"] or ""):
            yield StatedNumber(_signed(number, is_minus), currency)
    for match in _SPACED.finditer(text):
        number = Decimal(match[0].replace(" ", ""))
        currency = _currency_before(text, match.start()) or _currency_after(text, match.end())
        yield StatedNumber(_signed(number, _has_minus(text, match.start())), currency)


def _is_part_of_code(text: str, start: int, before: str) -> bool:
    """True for digits that letters precede: ``A4``, ``SKU-42``."""
    if before == " " or not before:
        return False
    if before == "_" or before.isalpha():
        return not is_without_spaces(before)
    joined = text[start - 2 : start - 1] if before and before in _MINUS else ""
    return joined.isalpha() and not is_without_spaces(joined)


def _goes_on(text: str, end: int) -> bool:
    """True where letters and then digits follow: ``12f4``; or an underscore."""
    for position in range(end, min(end + 24, len(text))):
        if not text[position].isalpha():
            return text[position].isdigit() or text[position] == "_"
    return False


def _currency_before(text: str, position: int) -> str:
    if (
        not text[position - 1 : position].isupper()
        and not text[position - 2 : position - 1].isupper()
    ):
        return ""
    letters = _LETTERS_BEFORE.search(text[max(0, position - 6) : position].rstrip(" "))
    return letters[0] if letters and letters[0] in CODES else ""


def _currency_after(text: str, position: int) -> str:
    letters = _LETTERS_AFTER.match(text, position)
    return letters[1] if letters and letters[1] in CODES else ""


def _signed(number: Decimal, is_minus: bool) -> Decimal:
    """Without arithmetic, which would round to the digits of the context."""
    return number.copy_negate() if is_minus else number


def _has_minus(text: str, position: int) -> bool:
    """True when a minus precedes the digits at ``position``, a currency sign between or not.

    A hyphen that follows a letter or a digit joins (``2024-01``, ``Q-4``): it is no sign.
    """
    start = position
    while start and text[start - 1] in SIGNS:
        start -= 1
    if not start or text[start - 1] not in _MINUS:
        return False
    before = text[start - 2 : start - 1]
    return not (before.isalnum() or before in (")", "]")) or before in tuple(SIGNS)


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
    elif _LISTED.fullmatch(digits):
        found.update(digits.split(","))
    return {Decimal(text + exponent) for text in found}
