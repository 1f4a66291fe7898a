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
    number, verdict = chosen(references, judge)
    if count == 1 or verdict.outcome is not Outcome.FAILED:
        return verdict
    told = f"; reference {number} of {count} is the nearest"
    return replace(verdict, reason=verdict.reason + told)


def chosen(
    references: Iterable[tuple[int, Any]],
    judge: Callable[[Any], tuple[Verdict, Nearness]],
) -> tuple[int, Verdict]:
    """The number of the reference that an answer is held against, and its verdict; 0 where one
    cannot be compared and no other is passed."""
    best: tuple[Nearness, int, Verdict] | None = None
    unjudged: Verdict | None = None
    for number, reference in references:
        try:
            verdict, nearness = judge(reference)
        except (PatternTimeout, TooManyItems) as error:
            unjudged = unjudged or error.verdict()
            continue
        if verdict.outcome is not Outcome.FAILED:
            return number, verdict
        if best is None or nearness > best[0]:
            best = nearness, number, verdict
    if unjudged is not None:
        return 0, unjudged
    assert best is not None, "there is a reference to compare with"
    return best[1:]
