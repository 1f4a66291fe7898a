"""The certainty of answers' tokens as compact JSON in an element of its own, as far as it fits.

A span of tokens has two characters: its length and its doubt (1 less its probability), each a
number as the character so many places after ``0``. Marked spans have their runner-up as well.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from harness.core.logprobs import CERTAIN, Logprobs, Span, probability_of
from harness.gate.compare import Change
from harness.report.page.cases.answers import FAILING, Answer
from harness.report.page.embed import StringTable, TaskCases, json_in_html, utf16_length
from harness.report.words.certainty import doubt_of

MAX_BYTES = 1_000_000
"""Bytes of all of them, a quarter of the largest page."""
MARKED = doubt_of(CERTAIN)
"""Doubt in hundredths from which a span is marked."""
MAX_RUNNER_UP = 40
"""Characters of a runner-up: some tokens are hundreds of blanks."""
_ZERO = ord("0")
_RESERVE = 300
"""Bytes of the element around the answers."""
_FIRST = (Change.REGRESSED.value, FAILING, Change.STILL_FAILING.value, Change.FIXED.value)
"""States of the cases that a reader looks at first."""


class _Found(NamedTuple):
    """An answer with log-probabilities, and its place in the page."""

    task: int
    row: int
    side: int
    answer: Answer
    logprobs: Logprobs


def has_tokens(tasks: Sequence[TaskCases]) -> bool:
    """True where some answer has log-probabilities."""
    return next(_found(tasks), None) is not None


def embed_tokens(tasks: Sequence[TaskCases], room: int) -> Markup:
    """The element's content in at most ``room`` bytes, first of cases that changed or fail; it
    counts the answers that are left out."""
    every = sorted(_found(tasks), key=lambda found: _rank(tasks, found))
    runner_ups = StringTable()
    made: list[list[Any]] = [[] for _ in tasks]
    left, answers = min(room, MAX_BYTES) - _RESERVE, 0
    for found in every:
        known = len(runner_ups.values)
        entry = [found.row, found.side, *_packed(found.answer, found.logprobs, runner_ups)]
        left -= len(json_in_html([entry, runner_ups.values[known:]]).encode())
        if left < 0:
            break
        made[found.task].append(entry)
        answers += 1
    content = {
        "marked": MARKED,
        "answers": answers,
        "leftOut": len(every) - answers,
        "runnerUps": runner_ups.values,
        "tasks": made,
    }
    return Markup(json_in_html(content))


def _found(tasks: Sequence[TaskCases]) -> Iterator[_Found]:
    for task, cases in enumerate(tasks):
        for row, case in enumerate(cases.cases):
            for side, answer in enumerate(case.answers):
                if answer is not None and answer.logprobs is not None and answer.error is None:
                    yield _Found(task, row, side, answer, answer.logprobs)


def _rank(tasks: Sequence[TaskCases], found: _Found) -> int:
    """Answers of a case stay together: the sort is stable."""
    state = tasks[found.task].cases[found.row].state
    return _FIRST.index(state) if state in _FIRST else len(_FIRST)


def _packed(answer: Answer, logprobs: Logprobs, runner_ups: StringTable) -> list[Any]:
    """``[lengths, doubts, [runner-up, its doubt, ...] of the marked spans, mean probability]``, of
    the part of the text that the page has."""
    start, end = answer.cut_before, answer.cut_before + len(answer.text)
    lengths, doubts, others = [], [], list[int]()
    for span in logprobs.spans():
        first, last = max(span.start, start), min(span.end, end)
        is_end = span.start == span.end and not answer.cut_after
        if first >= last and not is_end:
            continue
        own = utf16_length(answer.text[first - start : last - start])
        doubt = doubt_of(span.probability)
        lengths.append(chr(_ZERO + own))
        doubts.append(chr(_ZERO + doubt))
        if doubt >= MARKED:
            others += (_place(span, runner_ups), doubt_of(span.runner_up_probability))
    mean = round(100 * probability_of(logprobs.mean))
    return ["".join(lengths), "".join(doubts), others, mean]


def _place(span: Span, runner_ups: StringTable) -> int:
    text = span.runner_up
    return runner_ups.place(text if len(text) <= MAX_RUNNER_UP else f"{text[:MAX_RUNNER_UP]}…")
