"""Finds the models that a pattern names: ``adapter:out/checkpoint-*`` is each checkpoint."""

import re
from dataclasses import replace
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef

_PATTERN = re.compile(r"[*?\[]")


def models_named(ref: ModelRef) -> tuple[ModelRef, ...]:
    """The model itself, or those whose locations match, by the numbers in their names. A URL is no
    pattern, whatever is in it.

    Raises:
        HarnessError: nothing matches.
    """
    pattern = Path(ref.location)
    if "://" in ref.location or not _PATTERN.search(ref.location) or pattern.exists():
        return (ref,)
    root = Path(pattern.anchor or ".")
    found = sorted(map(str, root.glob(str(pattern.relative_to(root)))), key=_by_numbers)
    if not found:
        raise HarnessError(f"--model {ref}: nothing matches {ref.location}, correct the pattern")
    return tuple(replace(ref, location=location) for location in found)


def _by_numbers(text: str) -> list[tuple[int, str]]:
    """``checkpoint-20`` comes before ``checkpoint-100``."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", text)
    ]
