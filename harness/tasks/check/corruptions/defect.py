"""A defect and its corruption, and the defects of any format and of a whole run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.checks.json.document import read_document
from harness.checks.json.pointer import follow
from harness.checks.variety import Variety
from harness.core.case import Case
from harness.core.completion import Completion, FinishReason
from harness.core.printable import excerpt

EDGES = "edges"
"""Something stands around the answer."""
SYNTAX = "syntax"
"""The answer does not parse."""
CALLS = "calls"
"""There is another number of calls of tools."""
TOOL = "tool"
"""A call is of a tool that is not there."""
LOOP = "and so on, "
FENCE_ADDED = "fence added"
"""Of answers that stand in no fence: one in a fence has the defects of fences."""


@dataclass(frozen=True, slots=True)
class Corruption:
    """A perfect answer with one defect."""

    text: str
    breaks: frozenset[str]
    """Behaviors by name, applying or not; and ``EDGES``, ``SYNTAX``, ``CALLS`` and ``TOOL``, for
    all that are ``BROKEN_BY`` them."""
    finish_reason: FinishReason = FinishReason.STOP

    def completion(self, case: Case) -> Completion:
        return Completion(self.text, self.finish_reason, case.id)


Defect = Callable[[Case, str], Corruption | None]
"""Corrupts the perfect answer of a case; ``None`` where it has no place for the defect."""
Defects = Mapping[str, Defect]


def around(before: str, after: str, *breaks: str) -> Defect:
    """Text before and after the answer."""
    return lambda case, perfect: Corruption(before + perfect + after, frozenset(breaks))


def nothing(*breaks: str) -> Defect:
    """No answer at all."""
    return lambda case, perfect: Corruption("", frozenset(breaks))


def at_the_limit(case: Case, perfect: str) -> Corruption:
    """The answer is whole, and the model went on until the token limit."""
    return Corruption(perfect, frozenset({"stops_cleanly"}), FinishReason.LENGTH)


def monotone_answers(
    variety: Variety, outputs: Sequence[Output], perfect: str
) -> Iterator[tuple[str, str]]:
    """Each defect of a whole run, and the text that every case is answered with.

    ``outputs`` are declared of the cases' answers, and ``perfect`` is that of the first: no answer
    to all where they have several formats.
    """
    if variety.max_share == 1:
        return
    if outputs[0].has_value and len({output.format for output in outputs}) == 1:
        value = read_document(perfect, outputs[0].wrappers).value
        found = (f for pointer in variety.fields for f in follow(value, pointer))
        if any(not f.is_missing for f in found):
            yield "one answer for all cases", perfect
    for phrase in variety.fallback_phrases:
        yield f"{excerpt(phrase)!r} for all cases", phrase
