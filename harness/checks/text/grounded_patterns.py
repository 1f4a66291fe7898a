"""Judges that the names, numbers and days a text speaks of occur in its prompt."""

from decimal import Decimal
from typing import Any

from harness.checks.json.wording import show
from harness.checks.text.facts import Facts, facts_of
from harness.checks.text.pattern_check import PatternCheck
from harness.checks.text.text_patterns import matches
from harness.core.case import Case
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode, Verdict


class GroundedPatterns(PatternCheck):
    """Rejects ``Account: 1111-2222`` where the prompt speaks of account 2558-1351.

    Whatever a pattern matches in the text must be stated in the prompt, by the rules of
    ``grounding``: a number by its value, a date by its day, anything else as whole words.
    """

    __slots__ = ()

    def failure(self, case: Case, name: str, pattern: str, text: str) -> Verdict | None:
        facts = facts_of(case.prompt)
        stated: set[str] = set()
        for match in matches(name, pattern, text):
            if match.text not in stated and not is_stated(facts, match.text):
                return ungrounded(facts, match.text, match.span, f"the {name} ")
            stated.add(match.text)
        return None


def is_stated(facts: Facts, value: Any) -> bool:
    """True when the text that the facts are of states this string, number or literal."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, str):
        return facts.state(value)
    return facts.state_number(Decimal(value))


def ungrounded(facts: Facts, value: Any, span: tuple[int, int], where: str) -> Verdict:
    """The failure of a value that the text does not state; its reason opens with ``where``."""
    nearest = facts.nearest(value if isinstance(value, str) else str(value)[:100])
    hint = f", the nearest is {excerpt(nearest)!r}" if nearest else ""
    reason = f"{where}{show(value)} does not occur in the prompt{hint}"
    return Verdict.failed(FailureCode.UNGROUNDED, reason, span, nearest or None)
