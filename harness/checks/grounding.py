"""Whether the declared values occur in the prompt, or were made up."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from harness.checks.json.pointer import Path, follow, pointer_of, span_of
from harness.checks.json.value import document_of
from harness.checks.json.wording import show
from harness.checks.text.facts import Facts, facts_of
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode, Verdict


@dataclass(frozen=True, slots=True)
class Grounding:
    """Rejects ``{"name": "Grace"}`` where the prompt speaks of Ada: a hallucinated value.

    Words must occur as whole words, whatever their case, width and blanks; a number by its exact
    value, whatever its currency sign and thousands separators; a date by its day, however written.
    ``null``, ``true`` and ``false`` claim nothing. Of an array or object every value is judged.
    """

    pointers: tuple[str, ...]
    """JSON pointers of the values, ``*`` for every item."""

    def judge(self, case: Case, completion: Completion) -> Verdict:
        document = document_of(completion)
        if isinstance(document, Verdict):
            return document
        facts = facts_of(case.prompt)
        for pointer in self.pointers:
            for found in follow(document.value, pointer):
                if found.is_missing:
                    reason = f"{found.pointer}: expected a value from the prompt, found no such key"
                    span = span_of(document, found.path)
                    return Verdict.failed(FailureCode.MISSING_KEY, reason, span)
                for path, value in _leaves(found.path, found.value):
                    if not is_stated(facts, value):
                        span = span_of(document, path)
                        return ungrounded(facts, value, span, f"{pointer_of(path)}: ")
        return Verdict.passed()


def is_stated(facts: Facts, value: Any) -> bool:
    """Whether the text that the facts are of states this string, number or literal."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, str):
        return facts.state(value)
    return Decimal(value) in facts.numbers


def ungrounded(facts: Facts, value: Any, span: tuple[int, int], where: str) -> Verdict:
    """The failure of a value that the text does not state; its reason opens with ``where``."""
    nearest = facts.nearest(value if isinstance(value, str) else str(value)[:100])
    hint = f", the nearest is {excerpt(nearest)!r}" if nearest else ""
    reason = f"{where}{show(value)} does not occur in the prompt{hint}"
    return Verdict.failed(FailureCode.UNGROUNDED, reason, span, nearest or None)


def _leaves(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    """The strings, numbers and literals in a value, in reading order, at any depth."""
    waiting: list[tuple[Path, Any]] = [(path, value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [((*path, name), member) for name, member in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [((*path, index), value[index]) for index in reversed(range(len(value)))]
        else:
            yield path, value
