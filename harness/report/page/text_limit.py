"""How long the texts of a page may be, so that all of them fit into one file."""

from collections.abc import Iterable, Iterator

from harness.report.page.cases.answers import prompt_of
from harness.report.page.embed import json_in_html
from harness.report.report import Report

TEXT_LIMITS = (20_000, 4_000, 1_500, 600, 300, 150, 60)
"""Characters of one text that the page may hold: the most with which all of them fit."""
MAX_TEXT_BYTES = 3_000_000
"""Of all different texts together, as the page writes them."""
MAX_PAGE_BYTES = 4_000_000
_SAMPLED = 400
"""Texts by which is judged how many bytes a character takes: one that is escaped takes six."""
_BEGINNING = 2_000
"""Characters of each that are looked at."""


def text_limits(report: Report) -> Iterator[int]:
    """Limits to try, the first that is likely to fit and every smaller one."""
    lengths = {text: len(text) for _, text in _texts(report)}
    weight = _bytes_of_a_character(list(lengths))
    for limit in TEXT_LIMITS:
        total = weight * sum(min(length, limit) for length in lengths.values())
        if total <= MAX_TEXT_BYTES or limit == TEXT_LIMITS[-1]:
            yield limit


def is_cut(report: Report, task: str, limit: int) -> bool:
    """Whether any text of the task is longer than the limit."""
    return any(len(text) > limit for name, text in _texts(report) if name == task)


def _bytes_of_a_character(texts: list[str]) -> float:
    """The mean over some of the texts, evenly chosen."""
    chosen = "".join(text[:_BEGINNING] for text in texts[:: max(1, len(texts) // _SAMPLED)])
    return len(json_in_html(chosen).encode()) / max(1, len(chosen))


def _texts(report: Report) -> Iterable[tuple[str, str]]:
    for side in report.sides:
        for sample in side.record.samples:
            if sample.model == side.model:
                yield sample.task, sample.completion.text
                yield sample.task, prompt_of(sample)
