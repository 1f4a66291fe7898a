"""Judges that the declared values are those of the case's reference."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.checks.declared.output import Output
from harness.checks.equality.comparison import Comparison
from harness.checks.equality.leaves import leaves_of
from harness.checks.equality.nearest import Nearness, nearest
from harness.checks.equality.rule_tree import Rules
from harness.checks.json.pointer import (
    PointerMatch,
    follow,
    place_of,
    span_of,
    value_at,
    verdict_path,
)
from harness.checks.json.value import document_of
from harness.checks.text.document import Document
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import Verdict

NEEDS = ("exact",)
BROKEN_BY = ("syntax",)
Pair = tuple[PointerMatch, PointerMatch]
"""The reference's value and the answer's at one place."""


@dataclass(frozen=True, slots=True)
class ExactFields:
    """Rejects ``{"amount": 47.02}`` where the reference says ``{"amount": 47.2}``.

    Values are compared as values: 47.20 is 47.2, keys have no order, ``true`` is not 1. A ``*``
    wants as many items as the reference has. A task's rules may take other values for equal. Of
    several references one is enough.
    """

    pointers: tuple[str, ...]
    """JSON pointers, ``*`` for every item."""
    wrappers: Wrappers = KNOWN_WRAPPERS
    rules: Rules = ()
    """When a value counts as the reference's, by pointer."""

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if case.reference is None:
            return Verdict.skipped("the case has no reference")
        references = [
            (number, reference)
            for number, reference in enumerate(case.references, start=1)
            if isinstance(reference, dict | list) or "" in self.pointers
        ]
        if not references:
            return Verdict.skipped("the reference holds no keys, so that none is compared")
        document = document_of(completion, self.wrappers)
        if isinstance(document, Verdict):
            return document
        count = len(case.references)
        if count == 1 and not self.rules:
            return self.compared(case.reference, document, False)[0]
        return nearest(references, count, lambda r: self.compared(r, document, count > 1))

    def compared(
        self, reference: Any, document: Document, is_one_of_several: bool = True
    ) -> tuple[Verdict, Nearness]:
        """The verdict beside one reference, and how near it is, which one alone does not need.

        Raises:
            TooManyItems: items of a list cannot be matched.
            PatternTimeout: patterns take too long.
        """
        comparison = Comparison(self.rules, reference, document.value)
        for pointer in self.pointers:
            for wanted, found in _pairs(reference, comparison.value, pointer):
                told = comparison.difference(found.path, wanted.value, found.value)
                if told is not None:
                    code, reason, path = told
                    span, place = span_of(document, path), verdict_path(path)
                    pairs = pairs_of(self.pointers, comparison) if is_one_of_several else ()
                    failed = Verdict.failed(code, reason, span, path=place)
                    return failed, _nearness(comparison, pairs)
        return Verdict.passed(), (1.0,)


def check_for(output: Output) -> ExactFields:
    return ExactFields(output.exact, output.wrappers, output.rules)


def pairs_of(pointers: Iterable[str], comparison: Comparison) -> Iterator[Pair]:
    """What the pointers pin in a reference, and what the answer has there."""
    for pointer in pointers:
        yield from _pairs(comparison.reference, comparison.value, pointer)


def _nearness(comparison: Comparison, pairs: Iterable[Pair]) -> Nearness:
    """The share of the leaves of what is pinned that are equal."""
    leaves = equal = 0
    for wanted, found in pairs:
        there = dict(leaves_of(found.value, found.path))
        for path, leaf in leaves_of(wanted.value, found.path):
            leaves += 1
            equal += path in there and comparison.is_equal(path, leaf, there[path])
    return (equal / leaves if leaves else 0.0,)


def _pairs(reference: Any, value: Any, pointer: str) -> list[Pair]:
    """Pairs reference and value at each place that the pointer leads to in either."""
    if "*" not in pointer:
        place = place_of(reference, pointer)
        return [(place, PointerMatch(place.path, place_of(value, pointer).value))]
    wanted = {w.path: w for w in follow(reference, pointer)}
    found = {f.path: f for f in follow(value, pointer)}
    paths = list(dict.fromkeys([*wanted, *found]))
    return [(_at(wanted, reference, path), _at(found, value, path)) for path in paths]


def _at(places: dict[Any, PointerMatch], value: Any, path: Any) -> PointerMatch:
    return places.get(path) or PointerMatch(path, value_at(value, path))
