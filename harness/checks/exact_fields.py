"""Judges that the declared values are those of the case's reference."""

from dataclasses import dataclass
from typing import Any

from harness.checks.declared.output import Output
from harness.checks.json.pointer import PointerMatch, follow, span_of, verdict_path
from harness.checks.json.value import document_of
from harness.checks.json.wording import show
from harness.checks.schema.keywords import equality_key
from harness.checks.text.document import MISSING
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("exact",)
BROKEN_BY = ("syntax",)


@dataclass(frozen=True, slots=True)
class ExactFields:
    """Rejects ``{"amount": 47.02}`` where the reference says ``{"amount": 47.2}``.

    Values are compared as values: 47.20 is 47.2, keys have no order, ``true`` is not 1. A ``*``
    wants as many items as the reference has.
    """

    pointers: tuple[str, ...]
    """JSON pointers, ``*`` for every item."""
    wrappers: Wrappers = KNOWN_WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if case.reference is None:
            return Verdict.skipped("the case has no reference")
        if not isinstance(case.reference, dict | list) and "" not in self.pointers:
            return Verdict.skipped("the reference holds no keys, so that none is compared")
        document = document_of(completion, self.wrappers)
        if isinstance(document, Verdict):
            return document
        for pointer in self.pointers:
            for wanted, found in _pairs(case.reference, document.value, pointer):
                if not is_equal(wanted.value, found.value):
                    code, reason = _difference(wanted, found)
                    span, path = span_of(document, found.path), verdict_path(found.path)
                    return Verdict.failed(code, reason, span, path=path)
        return Verdict.passed()


def check_for(output: Output) -> ExactFields:
    return ExactFields(output.exact, output.wrappers)


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


def _difference(wanted: PointerMatch, found: PointerMatch) -> tuple[FailureCode, str]:
    if found.is_missing:
        reason = f"{found.pointer}: expected {show(wanted.value)}, found no such key"
        return FailureCode.MISSING_KEY, reason
    expected = "nothing" if wanted.is_missing else show(wanted.value)
    return (
        FailureCode.WRONG_VALUE,
        f"{found.pointer}: expected {expected}, found {show(found.value)}",
    )


def is_equal(wanted: Any, found: Any) -> bool:
    """The two are the same JSON value: 47.20 is 47.2, ``true`` is not 1."""
    if isinstance(wanted, str) or isinstance(found, str):
        return isinstance(wanted, str) and isinstance(found, str) and wanted == found
    return bool(equality_key(wanted) == equality_key(found))
