"""Compares a claimed value with what a prompt states."""

from decimal import Decimal
from typing import Any

from harness.checks.json.wording import show
from harness.checks.text.facts import Facts
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode, Verdict


def is_stated(facts: Facts, value: Any) -> bool:
    """True when the text that the facts are of states this string, number or literal."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, str):
        return facts.state(value)
    return Decimal(value) in facts.numbers


def ungrounded(facts: Facts, value: Any, span: tuple[int, int], where: str) -> Verdict:
    """The failure of a value that the text does not state; its reason opens with ``where``."""
    nearest = facts.nearest(value if isinstance(value, str) else str(value)[:100])
    hint = f", the nearest is {excerpt(nearest)!r}" if nearest else ""
    reason = f"{where}{show(value)} does not occur in the prompt{hint}"
    return Verdict.failed(FailureCode.UNGROUNDED, reason, span, nearest or None)
