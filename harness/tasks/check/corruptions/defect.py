"""A defect and its corruption, and the defects that an answer of any format can have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.core.case import Case
from harness.core.completion import Completion, FinishReason

EDGES = "edges"
"""Something stands around the answer."""
SYNTAX = "syntax"
"""The answer does not parse."""
LOOP = "and so on, "


@dataclass(frozen=True, slots=True)
class Corruption:
    """A perfect answer with one defect."""

    text: str
    breaks: frozenset[str]
    """Behaviors by name, applying or not; and ``EDGES`` and ``SYNTAX``, for all that are
    ``BROKEN_BY`` them."""
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
