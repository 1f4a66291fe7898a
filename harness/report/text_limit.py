"""How long the texts of a page may be, so that all of them fit into one file."""

from collections.abc import Iterable

from harness.report.answers import prompt_of
from harness.report.contents import Report

TEXT_LIMITS = (20_000, 4_000, 1_500, 600, 300, 150)
"""Characters of one text that the page may hold: the most with which all of them fit."""
MAX_CHARACTERS = 3_000_000
"""Of all texts together."""


def text_limit(report: Report) -> int:
    """The most characters of each text with which all texts fit."""
    lengths = [length for _, length in _lengths(report)]
    for limit in TEXT_LIMITS:
        if sum(min(length, limit) for length in lengths) <= MAX_CHARACTERS:
            return limit
    return TEXT_LIMITS[-1]


def is_cut(report: Report, task: str, limit: int) -> bool:
    """Whether any text of the task is longer than the limit."""
    return any(length > limit for name, length in _lengths(report) if name == task)


def _lengths(report: Report) -> Iterable[tuple[str, int]]:
    for side in report.sides:
        for sample in side.record.samples:
            if sample.model == side.model:
                yield sample.task, len(sample.completion.text)
                yield sample.task, len(prompt_of(sample))
