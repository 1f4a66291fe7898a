"""Where two texts differ, character by character.

Knows nothing of markup or terminals: it cuts both texts into stretches that are alike or not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

MOST_COMPARED = 4_000
"""Characters between what both texts begin and end with that are compared one by one: the time
grows with their product. What is longer is one difference."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What stands at one place before, and after; each side's stretches join to its text."""

    before: str
    after: str

    @property
    def is_alike(self) -> bool:
        return self.before == self.after


def differences(before: str, after: str) -> tuple[Stretch, ...]:
    """The texts cut into stretches, alike and unlike by turns."""
    start = _shared(before, after)
    most = min(len(before), len(after)) - start
    end = _shared(before[::-1][:most], after[::-1][:most])
    left, right = before[start : len(before) - end], after[start : len(after) - end]
    head, tail = before[:start], before[len(before) - end :]
    found = [Stretch(head, head), *_middle(left, right), Stretch(tail, tail)]
    return tuple(stretch for stretch in found if stretch.before or stretch.after)


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _middle(before: str, after: str) -> Iterator[Stretch]:
    if max(len(before), len(after)) > MOST_COMPARED:
        yield Stretch(before, after)
        return
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for _, a, b, c, d in matcher.get_opcodes():
        yield Stretch(before[a:b], after[c:d])
