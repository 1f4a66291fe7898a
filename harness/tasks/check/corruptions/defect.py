"""What a defect is, and those that an answer of any format can have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.core.case import Case
from harness.core.completion import Completion, FinishReason

LOOP = "and so on, "


@dataclass(frozen=True, slots=True)
class Broken:
    """A perfect answer with a defect."""

    text: str
    breaks: frozenset[str]
    """Behaviors, applying or not."""
    finish_reason: FinishReason = FinishReason.STOP


Defect = Callable[[Case, str], Broken | None]
"""Breaks the perfect answer of a case; ``None`` where it has no place for the defect."""
Defects = Mapping[str, Defect]


@dataclass(frozen=True, slots=True)
class Twin:
    """A completion that is wrong in one way."""

    defect: str
    completion: Completion
    breaks: frozenset[str]

    @classmethod
    def of(cls, defect: str, case: Case, broken: Broken) -> "Twin":
        completion = Completion(broken.text, broken.finish_reason, case.id)
        return cls(defect, completion, broken.breaks)


def around(before: str, after: str, *breaks: str) -> Defect:
    """Text before and after the answer."""
    return lambda case, perfect: Broken(before + perfect + after, frozenset(breaks))


def nothing(*breaks: str) -> Defect:
    """No answer at all."""
    return lambda case, perfect: Broken("", frozenset(breaks))


def at_the_limit(case: Case, perfect: str) -> Broken:
    """The answer is whole, and the model went on until the token limit."""
    return Broken(perfect, frozenset({"stops_cleanly"}), FinishReason.LENGTH)
