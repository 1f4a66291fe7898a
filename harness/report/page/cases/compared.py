"""An answer's values beside the reference that its behaviors hold it against, by the task's rules.

Whether two values count as equal, which items of two lists belong together and which of several
references is meant is decided by ``harness.checks``; the page draws it. Where no rule and no second
reference is, the page compares exactly and by itself.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from harness.core.case import JsonValue
from harness.core.record import Sample, TaskRecord

if TYPE_CHECKING:
    from harness.checks.equality.comparison import Comparison
    from harness.checks.equality.rule_tree import Rules
    from harness.checks.text.document import Document, Path

MOST_WRONG = 1_000
"""Differences of one answer that are listed; the page's table has fewer values."""
MOST_MOVED = 1_000
"""Items of one list whose places are listed."""
Moved = tuple[tuple[str, tuple[int | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """What an answer has of the reference that it is held against."""

    reference: str
    """As JSON."""
    number: int
    """Of the reference among several, from 1; 0 where there is one."""
    moved: Moved
    """By the pointer of a list of the reference: for each place, the index of the answer's item
    that belongs there, or ``None``. The answer's other items are at the end."""
    wrong: tuple[str, ...]
    """Pointers of what differs, with items at the places of the reference's."""


@dataclass(frozen=True, slots=True)
class _Declared:
    """The parts of ``output`` that say how an answer is compared."""

    rules: "Rules"
    exact: tuple[str, ...]


class Comparing:
    """The comparisons of one model's answers to one task."""

    def __init__(self, task: TaskRecord | None, limit: int) -> None:
        self.compare: Mapping[str, JsonValue] = task.compare if task else {}
        self.exact = task.exact if task else ()
        self.limit = limit
        """The most characters of a reference."""
        self.is_slow = False
        """A pattern took too long: no more answers are compared."""
        self._known: dict[str, _Declared | None] = {}

    def is_ruled(self, sample: Sample) -> bool:
        """The case has several right references, or rules for what is equal."""
        if sample.alternatives or '"compare"' not in sample.declared:
            return bool(sample.alternatives or self.compare)
        return bool(json.loads(sample.declared).get("compare"))

    def of(self, sample: Sample) -> Compared | None:
        """The comparison of an answer; ``None`` where it is no JSON or cannot be compared."""
        references = [
            (number, reference)
            for number, reference in enumerate((sample.reference, *sample.alternatives), start=1)
            if isinstance(reference, dict | list)
        ]
        if not references or self.is_slow:
            return None
        from harness.checks.equality.comparison import Comparison
        from harness.checks.equality.item_lists import TooManyItems
        from harness.checks.text.text_patterns import PatternTimeout

        declared, document = self._declared(sample.declared), _document(sample.completion.text)
        if declared is None or document is None:
            return None
        try:
            number = _number(declared, references, document)
            reference = dict(references).get(number)
            text = json_text(reference, self.limit)
            if not text:
                return None
            found = Comparison(declared.rules, reference, document.value)
            return _compared(found, text, number if sample.alternatives else 0)
        except PatternTimeout:
            self.is_slow = True
        except (TooManyItems, RecursionError):
            pass
        return None

    def _declared(self, own: str) -> _Declared | None:
        """What holds for a case; ``None`` where a record holds no such rules."""
        if own not in self._known:
            self._known[own] = self._read(json.loads(own or "{}"))
        return self._known[own]

    def _read(self, own: Mapping[str, Any]) -> _Declared | None:
        from pydantic import TypeAdapter, ValidationError

        from harness.checks.declared.compare_rule import CompareRule
        from harness.checks.equality.rule_tree import checked_rules

        try:
            rules = TypeAdapter(dict[str, CompareRule]).validate_python(
                own.get("compare", self.compare)
            )
            exact = TypeAdapter(tuple[str, ...]).validate_python(own.get("exact", self.exact))
            return _Declared(tuple(checked_rules(rules).items()), exact)
        except (ValidationError, ValueError):
            return None


def json_text(value: JsonValue, limit: int) -> str:
    """A reference as models mostly write it, so that an equal answer and it are stored once; empty
    where it is no object and no array, or long."""
    if not isinstance(value, dict | list):
        return ""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else ""


def _document(text: str) -> "Document | None":
    """The answer where it is JSON and nothing else, as the page's script reads it."""
    from harness.checks.json.document import read_document
    from harness.checks.text.document import BLANK

    if not text.lstrip(BLANK).startswith(("{", "[")):
        return None
    document = read_document(text)
    return document if document.fault is None and document.is_whole else None


def _number(declared: _Declared, references: list[tuple[int, Any]], document: "Document") -> int:
    """The number of the reference that ``exact_fields`` chooses, else ``leaf_values``; 0: none."""
    if len(references) == 1:
        return references[0][0]
    from harness.checks.declared.leaf_rule import LeafRule
    from harness.checks.equality.nearest import chosen
    from harness.checks.exact_fields import ExactFields
    from harness.checks.leaf_values import LeafValues

    check = (
        ExactFields(declared.exact, rules=declared.rules)
        if declared.exact
        else LeafValues(LeafRule(), rules=declared.rules)
    )
    return chosen(references, lambda reference: check.compared(reference, document))[0]


def _compared(found: "Comparison", reference: str, number: int) -> Compared | None:
    wrong = tuple(islice(_wrong(found), MOST_WRONG + 1))
    if len(wrong) > MOST_WRONG or any(len(m.order) > MOST_MOVED for m in found.moved.values()):
        return None
    moved = tuple(
        (_pointer(path), matched.order)
        for path, matched in found.moved.items()
        if matched.order != tuple(range(len(matched.order)))
    )
    return Compared(reference, number, moved, wrong)


def _wrong(found: "Comparison") -> Iterator[str]:
    from harness.checks.equality.leaves import differences

    for path, *_ in differences(found.rules, found.reference, found.value, found.time):
        yield _pointer(path)


def _pointer(path: "Path") -> str:
    from harness.checks.json.pointer import pointer_of

    return pointer_of(path) if path else ""
