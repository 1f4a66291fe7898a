"""Lays an answer's value out as the reference is: items of its lists stand at their partners'
places."""

from collections.abc import Sequence
from typing import Any

from harness.checks.equality.assignment import best_pairs
from harness.checks.equality.item_lists import (
    MAX_COMPARED,
    MAX_PAIRED,
    Matched,
    TooManyItems,
    by_equality,
    by_key,
    completed,
)
from harness.checks.equality.leaves import differences, leaves_of
from harness.checks.equality.rule_tree import Place, canonical, key_of
from harness.checks.equality.values import PatternTime, accepts
from harness.checks.json.pointer import pointer_of
from harness.checks.text.document import MISSING, Path

_STEPS_A_LEAF = 8
"""Steps of an assignment that take as long as one leaf that is compared."""
Moved = dict[Path, Matched]
"""The lists whose items were matched, by their path in the layout."""


class Layout:
    """The work on one answer: what it may still cost is counted over all of its lists."""

    def __init__(self, time: PatternTime) -> None:
        self.time = time
        self.left = MAX_COMPARED

    def of(self, place: Place, wanted: Any, found: Any, path: Path, moved: Moved) -> Any:
        """``found`` as ``wanted`` is laid out. An item without a partner is ``MISSING`` there, and
        those that are nobody's partner stand behind the others.

        Raises:
            TooManyItems: items of a list cannot be matched.
            PatternTimeout: patterns take too long.
        """
        if not place.has_lists:
            return found
        if isinstance(wanted, dict) and isinstance(found, dict):
            return {
                name: self.of(place.into(name), wanted[name], member, (*path, name), moved)
                if name in wanted
                else member
                for name, member in found.items()
            }
        if not (isinstance(wanted, list) and isinstance(found, list)):
            return found
        order: Sequence[int | None] = range(len(found))
        if place.matching:
            moved[path] = matched = self._matched(place, wanted, found, path)
            order = matched.order
        return [
            self._item(place, wanted, found, index, (*path, row), moved)
            for row, index in enumerate(order)
        ]

    def _item(
        self, place: Place, wanted: Any, found: Any, index: int | None, path: Path, moved: Moved
    ) -> Any:
        row = path[-1]
        if index is None:
            return MISSING
        assert isinstance(row, int), "items have numbers"
        if row >= len(wanted):
            return found[index]
        return self.of(place.into(row), wanted[row], found[index], path, moved)

    def _matched(self, place: Place, wanted: list[Any], found: list[Any], path: Path) -> Matched:
        rule, item = place.matching, place.into("*")
        assert rule is not None, "a list is matched by a rule"
        if rule.key:
            both = ([key_of(item, rule.key, value) for value in side] for side in (wanted, found))
            return by_key(*both)
        forms, others = ([canonical(item, value) for value in side] for side in (wanted, found))
        partners = by_equality(forms, others)
        if None not in partners:
            return completed(partners, (), len(found))
        if item.is_loose:
            self._require_few(wanted, path)
            partners = [None] * len(wanted)
        rows = [row for row, partner in enumerate(partners) if partner is None]
        taken = set(partners)
        columns = [column for column in range(len(found)) if column not in taken]
        pairs = self._pairs(item, [wanted[r] for r in rows], [found[c] for c in columns])
        return completed(partners, [(rows[r], columns[c]) for r, c in pairs], len(found))

    def _require_few(self, wanted: list[Any], path: Path) -> None:
        if len(wanted) > MAX_PAIRED or len(wanted) * _size(wanted) > MAX_COMPARED:
            raise TooManyItems(
                f"{pointer_of(path)}: {len(wanted):,} items with a tolerance or a pattern are too "
                f"many to be matched in any order, give the list a key"
            )

    def _pairs(self, item: Place, wanted: list[Any], found: list[Any]) -> list[tuple[int, int]]:
        """The pairs of items that differ, or may."""
        rows = len(wanted)
        found = found[: max(MAX_PAIRED, rows)]
        cost = (_size(wanted) + rows) * len(found) + rows * _size(found)
        cost += rows * rows * max(rows, len(found)) // _STEPS_A_LEAF
        if rows > MAX_PAIRED or cost > self.left:
            return [(n, n) for n in range(min(rows, len(found)))]
        self.left -= cost
        weights = self._weights(item, wanted, found)
        best = best_pairs(weights, len(found))
        return [(row, column) for row, column in enumerate(best) if column is not None]

    def _weights(self, item: Place, wanted: list[Any], found: list[Any]) -> list[list[int]]:
        """Most equal leaves, then most equal items, then most leaves that are there at all."""
        most, rows = _size(wanted) + 1, len(wanted) + 1
        table: list[list[int]] = []
        for value in wanted:
            leaves = [(path, leaf, item.along(path)) for path, leaf in leaves_of(value)]
            table.append([])
            for other in found:
                laid = self.of(item, value, other, (), {})
                there = dict(leaves_of(laid))
                equal = sum(
                    path in there and accepts(place.values, leaf, there[path], self.time)
                    for path, leaf, place in leaves
                )
                is_whole = equal == len(leaves) == len(there) and self._is_equal(item, value, laid)
                present = sum(path in there for path, *_ in leaves)
                table[-1].append((equal * rows + is_whole) * most + present)
        return table

    def _is_equal(self, place: Place, wanted: Any, found: Any) -> bool:
        return next(differences(place, wanted, found, self.time), None) is None


def _size(values: list[Any]) -> int:
    """The leaves of all values."""
    return sum(1 for value in values for _ in leaves_of(value))
