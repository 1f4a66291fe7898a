"""The most characters of one text with which all texts fit into one page."""

from collections.abc import Iterable, Iterator

from harness.report.page.cases.answers import prompt_of
from harness.report.page.embed import json_in_html
from harness.report.report import Report

TEXT_LIMITS = (20_000, 4_000, 1_500, 600, 300, 150, 60)
"""The limits to choose from, in characters of one text."""
MAX_TEXT_BYTES = 3_000_000
"""Bytes of all different texts together, as the page writes them."""
MAX_PAGE_BYTES = 4_000_000
_SAMPLED = 400
"""Texts from which the bytes of a character are estimated: an escaped one takes six."""
_BEGINNING = 2_000
"""Characters of each of these texts that are read."""


def text_limits(report: Report) -> Iterator[int]:
    """Limits to try, the first that is likely to fit and every smaller one."""
    lengths = {text: len(text) for _, text in _texts(report)}
    weight = _bytes_of_a_character(list(lengths))
    for limit in TEXT_LIMITS:
        total = weight * sum(min(length, limit) for length in lengths.values())
        if total <= MAX_TEXT_BYTES or limit == TEXT_LIMITS[-1]:
            yield limit


def is_cut(report: Report, task: str, limit: int) -> bool:
    """True where any text of the task is longer than the limit."""
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
