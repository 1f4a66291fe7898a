"""Matches items of an answer's list to those of the reference's: by key, or by the best pairing.

Without a key, items that are equal are matched first; those that differ then are paired such that
the most leaves are equal. That takes time with the square of their number, so that it ends at
``MAX_PAIRED`` items and at ``MAX_COMPARED`` leaves: beyond it, they are paired in their order.
Where a tolerance or a pattern holds for items, equal ones are not matched first: of numbers that
are near each other the equal one may be needed elsewhere. Beyond the bounds nothing is said then.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from harness.core.verdict import FailureCode, Verdict

MAX_PAIRED = 64
"""Items on either side that are paired as well as can be."""
MAX_COMPARED = 200_000
"""Leaves of items that are compared for one answer."""
Weights = Callable[[Sequence[int], Sequence[int]], list[list[int]]]


class TooManyItems(Exception):
    """Items cannot be matched without a key: the task's fault."""

    def verdict(self) -> Verdict:
        return Verdict.error(FailureCode.TASK_ERROR, str(self))


@dataclass(frozen=True, slots=True)
class KeyFault:
    """An item of an answer's list that cannot be told by its key."""

    index: int
    twin: int | None
    """The item before it that has the same key; ``None`` where it has none."""


@dataclass(frozen=True, slots=True)
class Matched:
    """The items of an answer's list in the order of the reference's."""

    partners: tuple[int | None, ...]
    """For each item of the reference the index of the answer's."""
    rest: tuple[int, ...]
    """The answer's other items."""
    faults: tuple[KeyFault, ...] = ()

    @property
    def order(self) -> tuple[int | None, ...]:
        return (*self.partners, *self.rest)


def by_key(wanted: Sequence[Any], found: Sequence[Any]) -> Matched:
    """Match by keys; ``None`` is that of an item without one.

    An item whose key stands twice in the answer is nobody's partner: which of the two is meant is
    not said.
    """
    first: dict[Any, int] = {}
    twice: set[Any] = set()
    faults: list[KeyFault] = []
    for index, key in enumerate(found):
        if key is None:
            faults.append(KeyFault(index, None))
        elif first.setdefault(key, index) != index:
            twice.add(key)
            faults.append(KeyFault(index, first[key]))
    taken: set[int] = set()
    partners: list[int | None] = []
    for key in wanted:
        partner = None if key is None or key in twice else first.get(key)
        partners.append(None if partner in taken else partner)
        taken.update(() if partner is None else (partner,))
    return Matched(tuple(partners), _rest(partners, len(found)), tuple(faults))


def by_equality(wanted: Sequence[Any], found: Sequence[Any]) -> list[int | None]:
    """Match items whose canonical forms are equal, in their order."""
    waiting: dict[Any, list[int]] = {}
    for index in reversed(range(len(found))):
        waiting.setdefault(found[index], []).append(index)
    return [waiting[form].pop() if waiting.get(form) else None for form in wanted]


def completed(partners: list[int | None], pairs: Sequence[tuple[int, int]], count: int) -> Matched:
    """The matching with more pairs, of an answer's list of ``count`` items."""
    for row, column in pairs:
        partners[row] = column
    return Matched(tuple(partners), _rest(partners, count))


def _rest(partners: Sequence[int | None], count: int) -> tuple[int, ...]:
    taken = set(partners)
    return tuple(index for index in range(count) if index not in taken)
