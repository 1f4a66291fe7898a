"""What was expected of a value, in the words of a reason."""

from decimal import Decimal
from typing import Any

from harness.checks.declared.compare_rule import CompareRule
from harness.checks.equality.values import is_number
from harness.checks.json.wording import show
from harness.checks.text.document import MISSING
from harness.core.printable import excerpt


def expected(rule: CompareRule | None, wanted: Any) -> str:
    """``47.2 within 0.01``, ``a text that matches '[A-Z]+'``, or the value alone."""
    if wanted is MISSING:
        return "nothing"
    shown = show(wanted)
    if rule is None:
        return shown
    if is_number(wanted):
        within = [str(rule.tolerance)] if rule.tolerance is not None else []
        within += [f"{_percent(rule.relative)}%"] if rule.relative is not None else []
        return f"{shown} within {' or '.join(within)}" if within else shown
    if isinstance(wanted, str) and rule.pattern is not None:
        return f"a text that matches {excerpt(repr(rule.pattern))}"
    if isinstance(wanted, str) and rule.ignore:
        return f"{shown} whatever its {' and '.join(rule.ignore)}"
    return shown


def _percent(share: Decimal) -> str:
    shown = format(share.scaleb(2).normalize(), "f")
    return shown if len(shown) < 20 else str(share.scaleb(2))
