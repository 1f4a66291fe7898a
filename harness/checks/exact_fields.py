"""Judges that the declared values are those of the case's reference."""

from dataclasses import dataclass
from typing import Any

from harness.checks.declared.output import Output
from harness.checks.equality.comparison import Comparison
from harness.checks.equality.item_lists import TooManyItems
from harness.checks.equality.rule_tree import Rules
from harness.checks.json.pointer import PointerMatch, follow, span_of, verdict_path
from harness.checks.json.value import document_of
from harness.checks.text.document import MISSING, Document
from harness.checks.text.text_patterns import PatternTimeout
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import Verdict

NEEDS = ("exact",)
BROKEN_BY = ("syntax",)


@dataclass(frozen=True, slots=True)
class ExactFields:
    """Rejects ``{"amount": 47.02}`` where the reference says ``{"amount": 47.2}``.

    Values are compared as values: 47.20 is 47.2, keys have no order, ``true`` is not 1. A ``*``
    wants as many items as the reference has. A task's rules may take other values for equal.
    """

    pointers: tuple[str, ...]
    """JSON pointers, ``*`` for every item."""
    wrappers: Wrappers = KNOWN_WRAPPERS
    rules: Rules = ()
    """When a value counts as the reference's, by pointer."""

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if case.reference is None:
            return Verdict.skipped("the case has no reference")
        if not isinstance(case.reference, dict | list) and "" not in self.pointers:
            return Verdict.skipped("the reference holds no keys, so that none is compared")
        document = document_of(completion, self.wrappers)
        if isinstance(document, Verdict):
            return document
        try:
            return self._compared(case.reference, document)
        except (PatternTimeout, TooManyItems) as error:
            return error.verdict()

    def _compared(self, reference: Any, document: Document) -> Verdict:
        comparison = Comparison(self.rules, reference, document.value)
        for pointer in self.pointers:
            for wanted, found in _pairs(reference, comparison.value, pointer):
                told = comparison.difference(found.path, wanted.value, found.value)
                if told is not None:
                    code, reason, path = told
                    span = span_of(document, path)
                    return Verdict.failed(code, reason, span, path=verdict_path(path))
        return Verdict.passed()


def check_for(output: Output) -> ExactFields:
    return ExactFields(output.exact, output.wrappers, output.rules)


def _pairs(reference: Any, value: Any, pointer: str) -> list[tuple[PointerMatch, PointerMatch]]:
    """Pairs reference and value at each place that the pointer leads to in either."""
    if "*" not in pointer:
        place = follow(reference, pointer)[0]
        return [(place, follow(value, pointer)[0]._replace(path=place.path))]
    wanted = {w.path: w for w in follow(reference, pointer)}
    found = {f.path: f for f in follow(value, pointer)}
    paths = list(dict.fromkeys([*wanted, *found]))
    return [(_at(wanted, reference, path), _at(found, value, path)) for path in paths]


def _at(places: dict[Any, PointerMatch], value: Any, path: Any) -> PointerMatch:
    if path in places:
        return places[path]
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return PointerMatch(path, MISSING)
    return PointerMatch(path, value)
