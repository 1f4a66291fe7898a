"""Finds what looks like a secret or personal data in a row's texts.

Secrets are found by detect-secrets, by its detectors of tokens with a known form; those that guess
by entropy would flag every identifier. Personal data are what a pattern and a check digit can tell:
addresses, telephone and card numbers. Names are not looked for.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

from trainers.data.row_text import Row, texts

LIBRARY = "detect_secrets"
_RESERVED = re.compile(r"(?:^|\.)(?:example(?:\.\w+)?|test|invalid|localhost)$", re.IGNORECASE)
"""Domains of RFC 2606, which nobody has."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A text of a row that looks sensitive. It is not repeated here."""

    where: str
    """``file:line``."""
    kind: str
    """``e-mail address``, ``AWS Access Key``."""
    is_secret: bool
    """False for personal data."""


def has_library() -> bool:
    """The library that knows secrets is installed."""
    return find_spec(LIBRARY) is not None


def findings(row: Row) -> Iterator[Finding]:
    """The kinds of sensitive text in a row, each once."""
    parts = texts(row)
    for kind, is_secret, holds in (*_personal(), *_secrets()):
        if any(holds(part) for part in parts):
            yield Finding(row.where, kind, is_secret)


Detector = tuple[str, bool, Callable[[str], bool]]


def _personal() -> tuple[Detector, ...]:
    return (
        ("e-mail address", False, _has_email),
        ("telephone number", False, _has_telephone),
        ("card number", False, _has_card),
        ("IBAN", False, _has_iban),
    )


@cache
def _secrets() -> tuple[Detector, ...]:
    if not has_library():
        return ()
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.plugins.base import RegexBasedDetector

    classes = get_mapping_from_secret_type_to_class()
    return tuple(
        (name, True, _holds(detector()))
        for name, detector in sorted(classes.items())
        if issubclass(detector, RegexBasedDetector) and not name.startswith("Public IP")
    )


def _holds(detector: Any) -> Callable[[str], bool]:
    return lambda text: any(True for _ in detector.analyze_string(text))


def _has_email(text: str) -> bool:
    if "@" not in text:
        return False
    found = re.findall(r"[\w.+-]{1,64}@((?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24})\b", text)
    return any(not _RESERVED.search(domain) for domain in found)


def _has_telephone(text: str) -> bool:
    """An international number; without its ``+`` no number is known to be one."""
    found = re.findall(r"(?<![\w+])\+\d[\d\s().-]{6,20}\d\b", text)
    return any(8 <= sum(map(str.isdigit, number)) <= 15 for number in found)


def _has_card(text: str) -> bool:
    found = re.findall(r"(?<![\w.-])[3-6]\d{3}(?:[ -]?\d){9,15}(?![\w.])", text)
    return any(_is_luhn(re.sub(r"\D", "", number)) for number in found)


def _is_luhn(number: str) -> bool:
    doubled = [int(d) * (2 if i % 2 else 1) for i, d in enumerate(reversed(number))]
    return 13 <= len(number) <= 19 and sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _has_iban(text: str) -> bool:
    found = re.findall(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", text)
    return any(_is_iban(number.replace(" ", "")) for number in found)


def _is_iban(number: str) -> bool:
    digits = "".join(str(int(character, 36)) for character in number[4:] + number[:4])
    return 15 <= len(number) <= 34 and int(digits) % 97 == 1
