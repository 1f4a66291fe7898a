"""One case as the page's HTML shows it: its pair of answers and what sets them apart.

``assets/case.js`` draws the same of the cases that it draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.page.answers import Answer, ShownCase
from harness.report.page.key_rows import KeyTable, key_table
from harness.report.words.diff import differences
from harness.report.words.marks import Mark

LEAST_SHARED = 0.2
"""Of the longer text: where less is alike, marking what differs would mark everything."""
NEAR = "nearest to the ungrounded value"

Places = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class AnswerDetail:
    """One side of a case."""

    answer: Answer | None
    changed: Places = ()
    """What the other side's text does not have, in order."""
    tag: str = "ins"
    """The element that what is changed stands in."""


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """One case of a pair, or of the only model."""

    case: ShownCase
    prompt: str
    """Without what every prompt begins with."""
    near: tuple[Mark, ...]
    """Where the prompt comes nearest to ungrounded values: offsets into ``prompt``."""
    answers: tuple[AnswerDetail, ...]
    is_same: bool
    """Both answers are the same, character by character."""
    keys: KeyTable | None


def detail_of(
    case: ShownCase, places: Sequence[int], roles: Sequence[str], prefix: int
) -> CaseDetail:
    """The case with the answers of the sides at ``places``.

    Args:
        case: every side's answers.
        places: of one side, or of the side before and the side after.
        roles: what those are called.
        prefix: how many characters every prompt begins with.
    """
    answers = [case.answers[place] for place in places]
    near = [
        Mark(a.near[0] - prefix, a.near[1] - prefix, role, NEAR)
        for a, role in zip(answers, roles, strict=True)
        if a and a.near and a.near[0] >= prefix
    ]
    changed = changes(*answers) if len(answers) > 1 else ((),)
    tags = ("del", "ins") if len(answers) > 1 else ("ins",)
    whole = [a.whole if a else None for a in answers]
    return CaseDetail(
        case,
        case.prompt[prefix:],
        tuple(near),
        tuple(map(AnswerDetail, answers, changed, tags)),
        len(answers) > 1 and bool(whole[0]) and whole[0] == whole[1],
        key_table(whole, case.reference),
    )


def changes(before: Answer | None, after: Answer | None) -> tuple[Places, Places]:
    """What only the one and only the other text has; nothing where too little is alike to tell."""
    if before is None or after is None or before.cut_before != after.cut_before:
        return (), ()
    if not before.text or not after.text or before.text == after.text:
        return (), ()
    gone: list[tuple[int, int]] = []
    come: list[tuple[int, int]] = []
    left = right = alike = 0
    for part in differences(before.text, after.text):
        ends = left + len(part.before), right + len(part.after)
        if part.is_alike:
            alike += len(part.before)
        elif part.before:
            gone.append((left, ends[0]))
        if not part.is_alike and part.after:
            come.append((right, ends[1]))
        left, right = ends
    if alike < LEAST_SHARED * max(left, right):
        return (), ()
    return tuple(gone), tuple(come)
