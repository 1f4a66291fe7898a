"""Judges that lists of the answer have as many items as the task wants."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.checks.declared.item_rule import ItemRange, ItemRules, range_of
from harness.checks.declared.output import Output
from harness.checks.equality.comparison import Comparison
from harness.checks.equality.nearest import Nearness, nearest
from harness.checks.equality.rule_tree import Rules
from harness.checks.equality.values import is_same
from harness.checks.exact_fields import pairs_of
from harness.checks.json.pointer import (
    PointerMatch,
    follow,
    pointer_of,
    span_of,
    value_at,
    verdict_path,
)
from harness.checks.json.value import document_of
from harness.checks.json.wording import show
from harness.checks.text.document import MISSING, Document, Path
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("items",)
BROKEN_BY = ("syntax",)
Miscount = tuple[FailureCode, str, Path]
"""Code, reason and place of a list that has another number of items."""


@dataclass(frozen=True, slots=True)
class ItemCounts:
    """Rejects ``{"lines": []}`` where the task wants at least one item at ``/lines``.

    A list that is missing has no items: it fails where the least number is above 0. Whatever else
    stands in its place is no list and fails, ``null`` too. ``reference`` wants as many items as the
    case's reference has at the same place, and none where it has no list; of several references
    one is enough. Lists inside of items that ``compare`` matches are counted beside those of the
    matched item.
    """

    items: ItemRules
    """By JSON pointer, ``*`` for every item."""
    wrappers: Wrappers = KNOWN_WRAPPERS
    rules: Rules = ()
    """How items are matched to the reference's, by pointer."""

    def judge(self, case: Case, completion: Completion) -> Verdict:
        pointers = by_reference(self.items)
        if case.reference is None and len(pointers) == len(self.items):
            return Verdict.skipped("the case has no reference")
        document = document_of(completion, self.wrappers)
        if isinstance(document, Verdict):
            return document
        told = next(out_of_range(self.items, document.value), None)
        if told is not None:
            return _failed(told, document)
        if not pointers:
            return Verdict.passed()
        if case.reference is None:
            return Verdict.skipped(f"the case has no reference, by which {pointers[0]} is counted")
        references = list(enumerate(case.references, start=1))
        return nearest(references, len(references), lambda r: self._beside(r, document))

    def _beside(self, reference: Any, document: Document) -> tuple[Verdict, Nearness]:
        told = list(unlike_reference(self.items, self.rules, reference, document.value))
        wrong = [miscount for miscount in told if miscount is not None]
        if not wrong:
            return Verdict.passed(), (1.0,)
        return _failed(wrong[0], document), (1 - len(wrong) / len(told),)


def check_for(output: Output) -> ItemCounts:
    return ItemCounts(output.item_rules, output.wrappers, output.rules)


def by_reference(items: ItemRules) -> list[str]:
    """The pointers to lists that the reference says the number of."""
    return [pointer for pointer, rule in items if rule == "reference"]


def out_of_range(items: ItemRules, value: Any) -> Iterator[Miscount]:
    """The lists of which the task itself says the number, and that have another."""
    for pointer, rule in items:
        if rule == "reference":
            continue
        wanted = range_of(rule)
        for found in follow(value, pointer):
            told = _miscount(wanted, found, value, found.path)
            if told is not None:
                yield told


def unlike_reference(
    items: ItemRules, rules: Rules, reference: Any, value: Any
) -> Iterator[Miscount | None]:
    """For each list that a reference says the number of, ``None`` where the answer has as many.

    Raises:
        TooManyItems: items around the lists cannot be matched.
        PatternTimeout: patterns of ``compare`` take too long.
    """
    pointers = by_reference(items)
    is_matched = any("*" in pointer for pointer in pointers)
    comparison = Comparison(rules if is_matched else (), reference, value)
    for wanted, found in pairs_of(pointers, comparison):
        is_list = isinstance(wanted.value, list)
        is_there = not (is_list or wanted.is_missing or found.is_missing)
        if is_there and is_same(wanted.value, found.value):
            yield None
            continue
        count = len(wanted.value) if is_list else 0
        own = comparison.own_path(found.path)
        if not found.is_missing:
            # In the layout a list has a place for each item that the answer lacks.
            found = found._replace(value=value_at(value, own))
        exactly = ItemRange(min=count, max=count)
        told = _miscount(exactly, found, comparison.value, own, " as in the reference")
        if told and told[0] is FailureCode.MISSING_KEY and comparison.moved:
            told = comparison.told(found.path, wanted.value, MISSING)
        yield told


def _miscount(
    wanted: ItemRange, found: PointerMatch, value: Any, own: Path, why: str = ""
) -> Miscount | None:
    """The fault of one place; ``own`` is its path in the answer itself."""
    expected = f"{wanted}{why}"
    if found.is_missing:
        depth = _barrier(value, found.path)
        if depth is None:
            if not wanted.min:
                return None
            said = f"{pointer_of(own)}: expected {expected}, found no such key"
            return FailureCode.MISSING_KEY, said, own
        around, there = own[:depth], value_at(value, found.path[:depth])
        said = (
            f"{pointer_of(around)}: expected an object or a list that leads to one of {expected}, "
            f"found {show(there)}"
        )
        return FailureCode.WRONG_TYPE, said, around
    if not isinstance(found.value, list):
        said = f"{pointer_of(own)}: expected a list of {expected}, found {show(found.value)}"
        return FailureCode.WRONG_TYPE, said, own
    count = len(found.value)
    if wanted.min <= count and (wanted.max is None or count <= wanted.max):
        return None
    return FailureCode.SCHEMA_OTHER, f"{pointer_of(own)}: expected {expected}, found {count:,}", own


def _barrier(value: Any, path: Path) -> int | None:
    """The depth on a path to nothing at which something stands that can hold no such step."""
    for depth, step in enumerate(path):
        if value is MISSING:
            return None
        is_index = isinstance(step, int) or step.isdecimal()
        if not (isinstance(value, dict) or (isinstance(value, list) and is_index)):
            return depth
        value = value_at(value, (step,))
    return None


def _failed(told: Miscount, document: Document) -> Verdict:
    code, reason, path = told
    return Verdict.failed(code, reason, span_of(document, path), path=verdict_path(path))
