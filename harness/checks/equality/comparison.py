"""Compares an answer's value with a reference, by the rules of ``output.compare``."""

from collections.abc import Iterator
from typing import Any

from harness.checks.equality.item_lists import KeyFault, Matched
from harness.checks.equality.layout import Layout, Moved
from harness.checks.equality.leaves import differences
from harness.checks.equality.rule_tree import Place, Rules, tree_of
from harness.checks.equality.values import PatternTime, accepts, is_same
from harness.checks.equality.wording import expected
from harness.checks.json.pointer import pointer_of, value_at
from harness.checks.json.wording import show
from harness.checks.text.document import MISSING, Path
from harness.core.verdict import FailureCode

Told = tuple[FailureCode, str, Path]
"""A difference: its code, its reason, and its path in the answer."""


class Comparison:
    """One answer beside one reference.

    Raises:
        TooManyItems: items of a list cannot be matched.
        PatternTimeout: patterns take too long; so do the methods.
    """

    def __init__(self, rules: Rules, reference: Any, value: Any) -> None:
        self.rules: Place = tree_of(rules)
        self.reference = reference
        self.time = PatternTime()
        self.moved: Moved = {}
        self.value = value
        """The answer's value, laid out as the reference is."""
        if self.rules.has_lists:
            self.value = Layout(self.time).of(self.rules, reference, value, (), self.moved)

    @property
    def is_whole(self) -> bool:
        """The whole answer counts as the reference."""
        whole = differences(self.rules, self.reference, self.value, self.time)
        return next(whole, None) is None

    def difference(self, path: Path, wanted: Any, found: Any) -> Told | None:
        """The first difference between the values at ``path`` of both."""
        place = self.rules.along(path) if self.rules.has_rules else self.rules
        if not place.has_rules:
            return None if is_same(wanted, found) else self.told(path, wanted, found)
        first = next(differences(place, wanted, found, self.time, path), None)
        return None if first is None else self.told(*first)

    def is_equal(self, path: Path, wanted: Any, found: Any) -> bool:
        """The answer's value at ``path``, which is no container, counts as the reference's."""
        return accepts(self.rules.along(path).values, wanted, found, self.time)

    def told(self, path: Path, wanted: Any, found: Any, lacking: str = "no such key") -> Told:
        """The difference of two values at ``path``; a key that does not tell items apart, or an
        item that is nowhere, comes first."""
        for depth, matched in self._lists_around(path):
            place = self.own_path(path[:depth])
            if matched.faults:
                return _fault(place, matched.faults[0], self._key_at(path[:depth]))
            row = path[depth]
            if (
                isinstance(row, int)
                and row < len(matched.partners)
                and matched.partners[row] is None
            ):
                item = value_at(self.reference, path[: depth + 1])
                said = f"expected an item {show(item)}, found none that is like it"
                return FailureCode.WRONG_VALUE, f"{pointer_of(place)}: {said}", place
        own = self.own_path(path)
        said = (
            f"{pointer_of(own)}: expected {expected(self.rules.along(path).values, wanted)}, found"
        )
        if found is MISSING:
            return FailureCode.MISSING_KEY, f"{said} {lacking}", own
        return FailureCode.WRONG_VALUE, f"{said} {show(found)}", own

    def own_path(self, path: Path) -> Path:
        """The path in the answer itself of a place in the layout."""
        own = list(path)
        for depth, matched in self._lists_around(path):
            row = path[depth]
            index = (
                matched.order[row] if isinstance(row, int) and row < len(matched.order) else None
            )
            own[depth] = row if index is None else index
        return tuple(own)

    def _lists_around(self, path: Path) -> Iterator[tuple[int, Matched]]:
        """The matched lists that a path leads into, by the length of their own."""
        for depth in range(len(path)) if self.moved else ():
            if path[:depth] in self.moved:
                yield depth, self.moved[path[:depth]]

    def _key_at(self, path: Path) -> tuple[str, ...]:
        rule = self.rules.along(path).matching
        return rule.key if rule else ()


def _fault(place: Path, fault: KeyFault, key: tuple[str, ...]) -> Told:
    item = pointer_of((*place, fault.index))
    named = " and ".join(key)
    if fault.twin is None:
        said = f"{item}: expected {named}, by which items are matched, found no such key"
        return FailureCode.MISSING_KEY, said, (*place, fault.index)
    twin = pointer_of((*place, fault.twin))
    said = f"{item}: has the same {named} as {twin}, each item needs its own"
    return FailureCode.DUPLICATE_KEY, said, (*place, fault.index)
