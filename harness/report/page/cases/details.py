"""One case as the page's HTML shows it to readers without JavaScript: both raw texts, marked where
a behavior failed.

``assets/case.js`` draws the same case with what sets its answers apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.page.cases.answers import Answer, ShownCase
from harness.report.words.certainty import PartedToken, parted
from harness.report.words.marks import Mark

NEAR = "nearest to the ungrounded value"


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """One case of a pair, or of the only model."""

    case: ShownCase
    prompt: str
    """Without the prefix that every prompt has."""
    near: tuple[Mark, ...]
    """Spans of ``prompt`` that come nearest to ungrounded values."""
    answers: tuple[Answer | None, ...]
    parted: tuple[PartedToken, ...]
    """The token of each answer at which they part, where that is known."""


def detail_of(
    case: ShownCase, places: Sequence[int], roles: Sequence[str], prefix: int
) -> CaseDetail:
    """The case with the answers of the sides at ``places``.

    Args:
        case: every side's answers.
        places: of one side, or of the side before and the side after.
        roles: the names of those sides.
        prefix: characters of the prefix that every prompt has.
    """
    answers = tuple(case.answers[place] for place in places)
    near = tuple(
        Mark(a.near[0] - prefix, a.near[1] - prefix, role, NEAR)
        for a, role in zip(answers, roles, strict=True)
        if a and a.near and a.near[0] >= prefix
    )
    return CaseDetail(case, case.prompt[prefix:], near, answers, _parted(answers))


def _parted(answers: Sequence[Answer | None]) -> tuple[PartedToken, ...]:
    whole = [a for a in answers if a and not (a.error or a.cut_before or a.cut_after)]
    return parted([(a.text, a.logprobs) for a in whole]) if len(whole) == 2 else ()
