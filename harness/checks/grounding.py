"""Judges that what an answer claims occurs in its prompt: nothing is made up."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from harness.checks.declared.output import Output
from harness.checks.json.pointer import follow, pointer_of, span_of, verdict_path
from harness.checks.json.value import document_of
from harness.checks.text.document import Path
from harness.checks.text.facts import facts_of
from harness.checks.text.grounded_patterns import GroundedPatterns, is_stated, ungrounded
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("grounded",)
BROKEN_BY = ("syntax",)


@dataclass(frozen=True, slots=True)
class Grounding:
    """Rejects ``{"name": "Grace"}`` where the prompt speaks of Ada: a hallucinated value.

    Words must occur as whole words, whatever they look like (``SKU-42``, ``12e4``). Case, width,
    blanks, Markdown emphasis, a hyphen at the end of a line and a full stop at the end of the value
    make no difference. ``null``, ``true`` and ``false`` claim nothing. Of an array or object every
    value is judged.

    A number counts by its exact value: ``$1,200`` is 1200, and ``three`` is 3. It is a whole token
    of the prompt: 42 does not stand in ``SKU-42``, 3 not in ``2025-03-31``, 14 not in ``14:30``. (A
    year beside a month's name is a token of its own.) Letters beside a number must agree: ``120
    mph`` is not ``120 bpm``, ``LH117`` not ``BA117``; ``EUR 5`` is ``5 EUR`` and not ``USD 5``.
    Currency signs are not compared, and only ISO 4217 codes are currencies.

    A date counts by its day, however written; one without a year by month and day.
    """

    pointers: tuple[str, ...]
    """JSON pointers of the values, ``*`` for every item."""
    wrappers: Wrappers = KNOWN_WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        document = document_of(completion, self.wrappers)
        if isinstance(document, Verdict):
            return document
        facts = facts_of(case.prompt)
        for pointer in self.pointers:
            for found in follow(document.value, pointer):
                if found.is_missing:
                    reason = f"{found.pointer}: expected a value from the prompt, found no such key"
                    span = span_of(document, found.path)
                    where = verdict_path(found.path)
                    return Verdict.failed(FailureCode.MISSING_KEY, reason, span, path=where)
                for path, value in _leaves(found.path, found.value):
                    if not is_stated(facts, value):
                        span = span_of(document, path)
                        found_at = f"{pointer_of(path)}: "
                        verdict = ungrounded(facts, value, span, found_at)
                        return replace(verdict, path=verdict_path(path))
        return Verdict.passed()


def check_for(output: Output) -> Grounding | GroundedPatterns:
    if output.has_value:
        return Grounding(output.grounded, output.wrappers)
    return GroundedPatterns(tuple(output.grounded_patterns.items()), output.wrappers)


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
