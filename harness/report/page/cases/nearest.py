"""The place of a prompt that an ungrounded value comes nearest to."""

import re
from contextlib import suppress
from decimal import Decimal, InvalidOperation

from harness.core.record import Sample

_NUMBER = re.compile(r"(?<![0-9])[0-9][0-9.,'\u2019]*")
_MAX_NUMBERS = 1_000
"""Numbers of a prompt that are looked at."""


def nearest_place(sample: Sample, prompt: str) -> tuple[int, int] | None:
    """The span of what the prompt has nearest to the first ungrounded value of an answer.

    ``None`` where no value is ungrounded, or the prompt writes what is nearest in other characters,
    such as a date in words: the verdict's reason names it in any case.
    """
    for verdict in sample.verdicts.values():
        if nearest := verdict.nearest:
            return _words(nearest, prompt) or _number(nearest, prompt)
    return None


def _words(nearest: str, prompt: str) -> tuple[int, int] | None:
    """The words as whole words, whatever their case and blanks."""
    pattern = r"\s+".join(map(re.escape, nearest.split()))
    match = re.search(rf"(?<!\w){pattern}(?!\w)", prompt, re.IGNORECASE)
    return match.span() if match else None


def _number(nearest: str, prompt: str) -> tuple[int, int] | None:
    """The number by its value, whatever separates its thousands."""
    with suppress(InvalidOperation):
        wanted = Decimal(nearest)
        for _, match in zip(range(_MAX_NUMBERS), _NUMBER.finditer(prompt), strict=False):
            written = match[0].rstrip(".,'\u2019")
            with suppress(InvalidOperation):
                if Decimal(re.sub("[,'\u2019]", "", written)) == wanted:
                    return match.start(), match.start() + len(written)
    return None
