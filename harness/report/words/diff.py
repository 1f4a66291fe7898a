"""Where two texts differ: words first, then the characters of what was replaced.

Knows nothing of markup or terminals: it cuts both texts into stretches that are alike or not.
``assets/differences.js`` does the same step by step, so that a page reads the same with scripts
and without.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MOST_STEPS = 120_000
"""Comparisons that the search for what is alike may take, words and letters together; what is left
when they are spent is one difference."""
LEAST_ALIKE = 0.5
"""The share of two replaced words that must be alike for their letters to be set apart."""
SHORTEST_ALIKE = 4
"""Characters: what is alike, shorter than this and shorter than the differences on both sides of
it, is there by chance and belongs to them."""

_TOKEN = re.compile("[0-9A-Za-z_\u0080-\U0010ffff]+| +|[\\s\\S]")


@dataclass(frozen=True, slots=True)
class Stretch:
    """What stands at one place before, and after; each side's stretches join to its text."""

    before: str
    after: str

    @property
    def is_alike(self) -> bool:
        return self.before == self.after

    @property
    def length(self) -> int:
        """Characters of the longer side."""
        return max(len(self.before), len(self.after))


@dataclass(slots=True)
class StepBudget:
    """The comparisons that are left."""

    steps: int


def differences(before: str, after: str) -> tuple[Stretch, ...]:
    """The texts cut into stretches, alike and unlike by turns."""
    if before == after:
        return (Stretch(before, after),) if before else ()
    budget = StepBudget(MOST_STEPS)
    words = _cut(_TOKEN.findall(before), _TOKEN.findall(after), budget)
    found = _joined(part for word in words for part in _letters(word, budget))
    return tuple(_joined(_without_chance(found)))


def _letters(word: Stretch, budget: StepBudget) -> Iterator[Stretch]:
    """A replaced stretch by its characters, where enough of them are alike to be worth it."""
    if word.is_alike or not word.before or not word.after:
        yield word
        return
    head, tail = _ends(word.before, word.after)
    middle = Stretch(word.before[head : len(word.before) - tail],
                     word.after[head : len(word.after) - tail])  # fmt: skip
    parts = _cut(middle.before, middle.after, budget)
    alike = sum(len(part.before) for part in parts if part.is_alike)
    yield Stretch(word.before[:head], word.after[:head])
    yield from parts if alike >= middle.length * LEAST_ALIKE else [middle]
    end = len(word.before) - tail
    yield Stretch(word.before[end:], word.before[end:])


def _cut(before: Sequence[str], after: Sequence[str], budget: StepBudget) -> list[Stretch]:
    """Sequences of words, or of characters, cut where they begin and end to be alike."""
    head, tail = _ends(before, after)
    left, right = before[head : len(before) - tail], after[head : len(after) - tail]
    parts = [Stretch("".join(before[:head]), "".join(after[:head]))]
    was_before = was_after = 0
    for at_before, at_after, count in [*_alike(left, right, budget), (len(left), len(right), 0)]:
        parts.append(
            Stretch("".join(left[was_before:at_before]), "".join(right[was_after:at_after]))
        )
        was_before, was_after = at_before + count, at_after + count
        alike = "".join(left[at_before:was_before])
        parts.append(Stretch(alike, alike))
    ending = "".join(before[len(before) - tail :])
    return [*parts, Stretch(ending, ending)]


def _ends(before: Sequence[str], after: Sequence[str]) -> tuple[int, int]:
    """How many items both begin with, and how many of the rest both end with."""
    most = min(len(before), len(after))
    head = next((i for i in range(most) if before[i] != after[i]), most)
    left = most - head
    tail = next((i for i in range(left) if before[-1 - i] != after[-1 - i]), left)
    return head, tail


def _alike(
    before: Sequence[str], after: Sequence[str], budget: StepBudget
) -> list[tuple[int, int, int]]:
    """The runs that stand in both, as place before, place after and length.

    The shortest edit script after E. W. Myers, "An O(ND) Difference Algorithm and Its Variations",
    Algorithmica 1 (1986); none where it takes more steps than are left.
    """
    furthest, rounds = {1: 0}, list[dict[int, int]]()
    for edits in range(len(before) + len(after) + 1):
        reached: dict[int, int] = {}
        rounds.append(furthest)
        for diagonal in range(-edits, edits + 1, 2):
            place = _step(furthest, diagonal, edits)
            start = place
            while (
                place < len(before)
                and place - diagonal < len(after)
                and before[place] == after[place - diagonal]
            ):
                place += 1
            budget.steps -= 1 + place - start
            reached[diagonal] = place
            if place >= len(before) and place - diagonal >= len(after):
                return _traced(rounds, diagonal, place)
        if budget.steps < 0:
            return []
        furthest = reached
    return []


def _step(furthest: dict[int, int], diagonal: int, edits: int) -> int:
    """Where a path on this diagonal begins: one item of the after added, or of the before gone."""
    below, above = furthest.get(diagonal + 1, -1), furthest.get(diagonal - 1, -1)
    is_down = diagonal == -edits or (diagonal != edits and above < below)
    return below if is_down else above + 1


def _traced(rounds: list[dict[int, int]], diagonal: int, place: int) -> list[tuple[int, int, int]]:
    """The runs of what is alike on the path that ends here."""
    runs: list[tuple[int, int, int]] = []
    for edits in range(len(rounds) - 1, -1, -1):
        furthest = rounds[edits]
        start = _step(furthest, diagonal, edits)
        if place > start:
            runs.append((start, start - diagonal, place - start))
        below, above = furthest.get(diagonal + 1, -1), furthest.get(diagonal - 1, -1)
        is_down = diagonal == -edits or (diagonal != edits and above < below)
        diagonal += 1 if is_down else -1
        place = below if is_down else above
    return runs[::-1]


def _joined(parts: Iterator[Stretch]) -> list[Stretch]:
    """Neighbours of one kind as one stretch; nothing empty."""
    found: list[Stretch] = []
    for part in parts:
        if not part.before and not part.after:
            continue
        while found and found[-1].is_alike == part.is_alike:
            last = found.pop()
            part = Stretch(last.before + part.before, last.after + part.after)
        found.append(part)
    return found


def _without_chance(found: list[Stretch]) -> Iterator[Stretch]:
    """What is alike by chance as the difference that it lies in."""
    for place, part in enumerate(found):
        beside = (found[place - 1], found[place + 1]) if 0 < place < len(found) - 1 else ()
        shortest = min((one.length for one in beside), default=0)
        if part.is_alike and part.length < min(SHORTEST_ALIKE, shortest):
            yield from (Stretch(part.before, ""), Stretch("", part.after))
        else:
            yield part
