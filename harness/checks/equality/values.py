"""Equality of single values: the same JSON value, or one that a rule takes for it."""

from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import Any

from harness.checks.declared.compare_rule import MAX_EXPONENT, CompareRule
from harness.checks.schema.keywords import equality_key
from harness.checks.text.text_patterns import PATTERN_SECONDS, match_whole

_EXACT = Context(prec=10 * MAX_EXPONENT, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
"""Wide enough for the sum and the product of any two bounded numbers."""


def is_same(wanted: Any, found: Any) -> bool:
    """The two are the same JSON value: 47.20 is 47.2, ``true`` is not 1."""
    if isinstance(wanted, str) or isinstance(found, str):
        return isinstance(wanted, str) and isinstance(found, str) and wanted == found
    return bool(equality_key(wanted) == equality_key(found))


def folded(rule: CompareRule | None, text: str) -> str:
    """The text without what the rule ignores."""
    ignored = rule.ignore if rule else ()
    if "case" in ignored:
        text = text.casefold()
    return " ".join(text.split()) if "blanks" in ignored else text


def is_number(value: Any) -> bool:
    """True for a number of JSON; ``true`` is none."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def exact(number: int | float | Decimal) -> Decimal:
    """The number as it is written."""
    return Decimal(repr(number)) if isinstance(number, float) else Decimal(number)


def margin_around(rule: CompareRule, wanted: Decimal) -> Decimal | None:
    """The most that a number may differ from ``wanted``; ``None`` where they must be equal.

    A reference of more than ``MAX_EXPONENT`` digits, or with an exponent beyond it, has no margin.
    """
    if rule.tolerance is None and rule.relative is None:
        return None
    exponent = wanted.as_tuple().exponent
    if not isinstance(exponent, int) or max(abs(exponent), abs(wanted.adjusted())) > MAX_EXPONENT:
        return None
    share = _EXACT.multiply(wanted.copy_abs(), rule.relative or Decimal(0))
    return _EXACT.max(share, rule.tolerance or Decimal(0))


@dataclass(slots=True)
class PatternTime:
    """The time that all patterns together have left on one answer."""

    seconds: float = PATTERN_SECONDS


def accepts(rule: CompareRule | None, wanted: Any, found: Any, time: PatternTime) -> bool:
    """The rule takes ``found``, which is no container, for ``wanted``.

    Raises:
        PatternTimeout: all patterns together took ``PATTERN_SECONDS`` on this answer.
    """
    if rule is None:
        return is_same(wanted, found)
    if isinstance(wanted, str) and isinstance(found, str):
        if rule.pattern is not None:
            is_whole, time.seconds = match_whole(rule.pattern, found, time.seconds)
            return is_whole
        return folded(rule, wanted) == folded(rule, found)
    if is_number(wanted) and is_number(found):
        return _is_within(rule, exact(wanted), exact(found))
    return is_same(wanted, found)


def _is_within(rule: CompareRule, wanted: Decimal, found: Decimal) -> bool:
    """Comparing two decimals is exact, and linear in their digits, however large they are."""
    margin = margin_around(rule, wanted)
    if margin is None:
        return wanted == found
    return _EXACT.subtract(wanted, margin) <= found <= _EXACT.add(wanted, margin)
