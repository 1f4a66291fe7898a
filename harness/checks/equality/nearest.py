"""The verdict where a case has several right references: by the one that is nearest."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from harness.checks.equality.item_lists import TooManyItems
from harness.checks.text.text_patterns import PatternTimeout
from harness.core.verdict import Outcome, Verdict

Nearness = tuple[float, ...]
"""The share of a reference that is equal, then what decides between equal shares."""


def nearest(
    references: Iterable[tuple[int, Any]],
    count: int,
    judge: Callable[[Any], tuple[Verdict, Nearness]],
) -> Verdict:
    """Judge by each of the numbered references; one that is passed is enough.

    Where one cannot be compared, and no other is passed, the answer is not judged. ``count`` is
    that of all of a case's references.
    """
    best: tuple[Nearness, Verdict] | None = None
    unjudged: Verdict | None = None
    for number, reference in references:
        try:
            verdict, nearness = judge(reference)
        except (PatternTimeout, TooManyItems) as error:
            unjudged = unjudged or error.verdict()
            continue
        if verdict.outcome is not Outcome.FAILED:
            return verdict
        if best is None or nearness > best[0]:
            told = f"; reference {number} of {count} is the nearest" if count > 1 else ""
            best = nearness, replace(verdict, reason=verdict.reason + told)
    if unjudged is not None:
        return unjudged
    assert best is not None, "there is a reference to compare with"
    return best[1]
