"""Values that a schema allows and a prompt does not state."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from harness.checks.text.facts import facts_of
from harness.tasks.check.corruptions.schema_places import PLAIN_KEYWORDS

TEXTS = ("Zyxquil Vorbanto", "Zyxquil", "Zyx", "Zq")
NUMBERS = (76543217, 7654321, 765432, 87643, 8743, 874, 87, 53)
_TEXT_KEYWORDS = PLAIN_KEYWORDS | {"minLength", "maxLength"}
_NUMBER_KEYWORDS = PLAIN_KEYWORDS | {
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
}


def text_for(node: Mapping[str, Any], prompt: str, format_is_free: bool) -> str | None:
    """The first of ``TEXTS`` of an allowed length that the prompt does not hold."""
    if not set(node) <= _TEXT_KEYWORDS | ({"format"} if format_is_free else set()):
        return None
    least, most = node.get("minLength", 0), node.get("maxLength", len(TEXTS[0]))
    there = prompt.casefold()
    fitting = (text for text in TEXTS if len(text) <= most and text.casefold() not in there)
    return next((text.ljust(least, "o") for text in fitting), None)


def number_for(node: Mapping[str, Any], prompt: str) -> int | None:
    """The first of ``NUMBERS`` within the bounds that the prompt does not state."""
    bounds = {keyword: node[keyword] for keyword in (_NUMBER_KEYWORDS - PLAIN_KEYWORDS) & set(node)}
    if not set(node) <= _NUMBER_KEYWORDS or any(isinstance(b, bool) for b in bounds.values()):
        return None
    facts = facts_of(prompt)
    stated = {*facts.numbers, *facts.numbers_in_words}
    step = Fraction(str(bounds.get("multipleOf", 1)))
    steps = (int(n - n % step) for n in NUMBERS if step.denominator == 1)
    numbers = (*NUMBERS, *steps)
    return next((n for n in numbers if n not in stated and _is_within(bounds, n)), None)


def allows_number(node: Mapping[str, Any], number: int | float, prompt: str) -> bool:
    """The schema allows the number, and the prompt does not state it."""
    bounds = {keyword: node[keyword] for keyword in (_NUMBER_KEYWORDS - PLAIN_KEYWORDS) & set(node)}
    if not set(node) <= _NUMBER_KEYWORDS or any(isinstance(b, bool) for b in bounds.values()):
        return False
    types = node.get("type", "number")
    is_integer = isinstance(number, int)
    if not is_integer and "number" not in ([types] if isinstance(types, str) else types):
        return False
    facts = facts_of(prompt)
    if Decimal(repr(number)) in {*facts.numbers, *facts.numbers_in_words}:
        return False
    return _is_within(bounds, Fraction(repr(number)))


def _is_within(bounds: Mapping[str, Any], number: int | Fraction) -> bool:
    ruled_out: dict[str, Callable[[Any], bool]] = {
        "minimum": lambda bound: number < bound,
        "maximum": lambda bound: number > bound,
        "exclusiveMinimum": lambda bound: number <= bound,
        "exclusiveMaximum": lambda bound: number >= bound,
        "multipleOf": lambda step: number % Fraction(str(step)) != 0,
    }
    return not any(ruled_out[keyword](bound) for keyword, bound in bounds.items())
