"""The report as tables, for data frames: one of verdicts, one of completions, and one of a
person's review where there is one.

Each row says to which run, model, task, case and answer it belongs, so that the tables are joined
by these five.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from harness.core.completion import Timing
from harness.core.composite import composite
from harness.core.logprobs import Logprobs
from harness.core.record import Sample
from harness.core.verdict import JUDGED, Outcome, Verdict
from harness.report.report import Report
from harness.report.words.review import agreement, checked

BATCH_ROWS = 50_000
Cell = str | int | float | bool | None
KEY: Mapping[str, type] = {"run": str, "model": str, "task": str, "case_id": str, "repeat": int}
VERDICTS: Mapping[str, type] = {
    **KEY,
    "behavior": str,
    "outcome": str,
    "share": float,
    "path_recall": float,
    "code": str,
    "reason": str,
    "span_start": int,
    "span_end": int,
    "nearest": str,
    "path": str,
}
"""Columns, with the type of what is not missing; ``share`` and ``path_recall`` are those of
behaviors that grade answers."""
COMPLETIONS: Mapping[str, type] = {
    **KEY,
    "format_success": bool,
    "template": str,
    "tags": str,
    "must_pass": bool,
    "weight": float,
    "prompt_sha256": str,
    "messages": str,
    "reference": str,
    "text": str,
    "finish_reason": str,
    "error": str,
    "prompt_tokens": int,
    "tokens": int,
    "seconds": float,
    "first_token_seconds": float,
    "batch_rows": int,
    "from_run": str,
    "mean_logprob": float,
    "least_logprob": float,
}
"""``tags``, ``messages`` and ``reference`` are JSON."""
REVIEW: Mapping[str, type] = {
    **KEY,
    "verdict": str,
    "checks": str,
    "agrees": bool,
    "must_pass": bool,
    "tags": str,
    "note": str,
}
"""``verdict`` is a person's, ``checks`` that of the required behaviors; ``tags`` is JSON."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table's columns, and its rows as they are read from the report."""

    name: str
    columns: Mapping[str, type]
    rows: Iterator[tuple[Cell, ...]]

    def batches(self) -> Iterator[list[tuple[Cell, ...]]]:
        """The rows in order, some at a time: a run may have millions."""
        while batch := list(islice(self.rows, BATCH_ROWS)):
            yield batch


def tables(report: Report) -> tuple[Table, ...]:
    """The table of verdicts, the table of completions, and that of the review."""
    review = (Table("review", REVIEW, _review(report)),) if report.review else ()
    return (
        Table("verdicts", VERDICTS, _verdicts(report)),
        Table("completions", COMPLETIONS, _completions(report)),
        *review,
    )


def remarks(report: Report) -> Iterator[str]:
    """How the review and the checks agree."""
    found = checked(report.review, report.runs)
    yield from agreement(found, len(report.review) - len(found))


def _answers(report: Report) -> Iterator[tuple[tuple[Cell, ...], Sample, tuple[str, ...]]]:
    """Key, answer and required behaviors of every answer."""
    for run in report.runs:
        required = {task.name: task.required for task in run.tasks}
        for sample in run.samples:
            key = (run.id, sample.model, sample.task, sample.case_id, sample.repeat)
            yield key, sample, required[sample.task]


def _verdicts(report: Report) -> Iterator[tuple[Cell, ...]]:
    for key, sample, _ in _answers(report):
        for behavior, verdict in sample.verdicts.items():
            code = verdict.code.value if verdict.code else None
            start, end = verdict.span or (None, None)
            said = verdict.reason or None
            where = (start, end, verdict.nearest, verdict.path)
            shares = _shares(verdict)
            yield (*key, behavior, verdict.outcome.value, *shares, code, said, *where)


def _completions(report: Report) -> Iterator[tuple[Cell, ...]]:
    for key, sample, required in _answers(report):
        completion = sample.completion
        yield (
            *key,
            _succeeds(sample, required),
            sample.template,
            json.dumps(sample.tags),
            sample.must_pass,
            sample.weight,
            sample.prompt_sha256,
            json.dumps([{"role": m.role, "content": m.content} for m in sample.messages]),
            None if sample.reference is None else json.dumps(sample.reference),
            completion.text,
            completion.finish_reason.value,
            completion.error,
            completion.prompt_tokens,
            len(completion.token_ids),
            *_times(completion.timing),
            completion.origin.run if completion.origin else None,
            *_certainty(completion.logprobs),
        )


def _review(report: Report) -> Iterator[tuple[Cell, ...]]:
    for one in checked(report.review, report.runs):
        said, tags = one.answer, json.dumps(one.answer.tags)
        row = (said.verdict, one.checks, one.agrees, said.must_pass, tags, said.note)
        yield (*said.key, *row)


def _succeeds(sample: Sample, required: tuple[str, ...]) -> bool | None:
    found = composite(sample.verdicts, required)
    return found.outcome is Outcome.PASSED if found and found.outcome in JUDGED else None


def _certainty(found: Logprobs | None) -> tuple[Cell, Cell]:
    """The mean log-probability of the answer's tokens, and that of its least certain one."""
    return (found.mean, found.logprobs[found.least]) if found else (None, None)


def _shares(verdict: Verdict) -> tuple[Cell, Cell]:
    """The share of the reference that the answer has, and of its leaf paths."""
    grade = verdict.grade
    return (grade.share, grade.path_recall) if grade else (None, None)


def _times(timing: Timing | None) -> tuple[Cell, Cell, Cell]:
    if timing is None:
        return None, None, None
    return timing.seconds, timing.first_token_seconds, timing.batch_rows
