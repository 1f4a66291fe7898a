"""Defects of a whole run: every case is answered alike."""

import json
from collections.abc import Iterator

from harness.checks.json.pointer import follow
from harness.checks.variety import Variety
from harness.core.printable import excerpt


def monotone_answers(variety: Variety, perfect: str) -> Iterator[tuple[str, str]]:
    """Each defect of a run, and the text that every case is answered with."""
    if variety.max_share == 1:
        return
    if any(_holds(perfect, pointer) for pointer in variety.fields):
        yield "one answer for all cases", perfect
    for phrase in variety.fallback_phrases:
        yield f"{excerpt(phrase)!r} for all cases", phrase


def _holds(perfect: str, pointer: str) -> bool:
    return any(not found.is_missing for found in follow(json.loads(perfect), pointer))
