"""Calls of tools as they stand in an answer, with the place of every part."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from harness.checks.json.fault import Fault
from harness.checks.json.wording import show
from harness.checks.text.company import ExtraText
from harness.checks.text.document import Path
from harness.core.verdict import FailureCode

NAME, ARGUMENTS = "name", "arguments"
MAX_CALLS = 128
"""Calls of one answer that are read: what a hundred wanted calls would be."""


class Wanted(NamedTuple):
    """A call as a reference has it."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an answer."""

    name: str
    arguments: Mapping[str, Any]
    span: tuple[int, int]
    """From its first character to its last one, without the marks around it."""
    locate: Callable[[Path, bool], tuple[int, int]] = field(compare=False, repr=False)
    """The span of the part at a path, ``("name",)`` or ``("arguments", "city")``; of the name of
    that member where the second argument is true."""
    has_duplicates: bool = False
    """An argument is given twice."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one form finds in a text."""

    calls: tuple[Call, ...] = ()
    """The sound ones, up to the first fault."""
    fault: Fault | None = None
    """The first thing that is wrong with them, or that there are none."""
    spans: tuple[tuple[int, int], ...] = ()
    """The stretches that belong to calls, with their marks."""
    is_marked: bool = False
    """A mark stands in the text that opens calls and means nothing else."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The calls of an answer."""

    calls: tuple[Call, ...]
    fault: Fault | None = None
    """The first thing that is wrong with them."""
    around: ExtraText | None = None
    """The first thing that stands beside them."""


def no_call(text: str, expected: str) -> Found:
    """What a form finds that finds nothing of its own."""
    is_blank = not text.strip()
    code = FailureCode.EMPTY if is_blank else FailureCode.NO_CALL
    what = ("nothing at all" if not text else "nothing but blanks") if is_blank else "none"
    reason = f"expected {expected}, found {what}"
    return Found(fault=Fault(code, reason, (0, len(text))))


def wanted_of(reference: Any) -> tuple[Wanted, ...]:
    """The calls of a reference: one, or a list of them.

    Raises:
        ValueError: it is neither.
    """
    listed = reference if isinstance(reference, list) else [reference]
    for entry in listed:
        is_call = isinstance(entry, dict) and entry.keys() == {NAME, ARGUMENTS}
        if not (is_call and isinstance(entry[NAME], str) and isinstance(entry[ARGUMENTS], dict)):
            expected = 'a call as {"name": ..., "arguments": {...}}, or a list of them'
            raise ValueError(f"reference: expected {expected}, found {show(entry)}")
    if not listed:
        raise ValueError("reference: expected a call, found an empty list: write calls: none")
    return tuple(Wanted(entry[NAME], entry[ARGUMENTS]) for entry in listed)
