"""Looks at training rows for the faults that a loss does not show: two answers to one prompt, and
answers that the task's own behaviors reject."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import Outcome
from harness.tasks.judging import judge_answer
from harness.tasks.task import Task
from trainers.data.duplicates import ambiguous
from trainers.data.leaks import Leak, find_leaks
from trainers.data.prepare import read_files
from trainers.data.reading import Refused
from trainers.data.row_case import cases_of, learned_text
from trainers.data.row_text import Row, answers
from trainers.data.rows import DataFile


@dataclass(frozen=True, slots=True)
class FailedRow:
    """A row whose answer a behavior rejects."""

    where: str
    behavior: str
    reason: str


@dataclass(frozen=True, slots=True)
class DataCheck:
    """The faults of training rows for one task."""

    files: tuple[DataFile, ...]
    rows: tuple[Row, ...]
    refused: tuple[Refused, ...]
    ambiguous: tuple[tuple[Row, Row], ...]
    """Rows with the first row of the same prompt, which has another answer."""
    failed: tuple[FailedRow, ...]
    leaks: tuple[Leak, ...]
    """The task's cases that are among the rows."""

    @property
    def is_sound(self) -> bool:
        """None of the faults was found."""
        return not (self.mistakes or self.ambiguous or self.failed or self.leaks)

    @property
    def mistakes(self) -> tuple[Refused, ...]:
        return tuple(row for row in self.refused if row.is_mistake)

    @property
    def by_behavior(self) -> Counter[str]:
        """Rejected rows by behavior."""
        return Counter(found.behavior for found in self.failed)

    @property
    def answers(self) -> Counter[str]:
        """Rows by the answer that is learned."""
        return Counter(answers(row)[0] for row in self.rows)


def check(paths: Sequence[Path], task: Task) -> DataCheck:
    """Read the rows of all files and judge their answers.

    Raises:
        HarnessError: a file cannot be read, or rows have no tools and the task asks with some.
    """
    rows, refused, files = read_files(paths)
    judging, cases = cases_of(rows, task)
    return DataCheck(
        files=tuple(files),
        rows=tuple(rows),
        refused=tuple(refused),
        ambiguous=tuple(ambiguous(rows)),
        failed=tuple(
            failure
            for row, case in zip(rows, cases, strict=True)
            for failure in _failures(row, case, judging)
        ),
        leaks=tuple(find_leaks([row.prompt for row in rows], [task])),
    )


def values_of(found: DataCheck) -> dict[str, Any]:
    """The findings as plain values, with the places of the faults."""
    return {
        "is_sound": found.is_sound,
        "files": [asdict(file) for file in found.files],
        "rows": len(found.rows),
        "mistakes": [{"where": row.where, "reason": row.reason} for row in found.mistakes],
        "left_out": len(found.refused) - len(found.mistakes),
        "ambiguous": [{"where": r.where, "first": first.where} for r, first in found.ambiguous],
        "failed": [asdict(row) for row in found.failed],
        "leaks": [
            {
                "task": leak.task,
                "case_id": leak.case_id,
                "rows": [found.rows[index].where for index in leak.rows],
            }
            for leak in found.leaks
        ],
        "distinct_answers": len(found.answers),
    }


def _failures(row: Row, case: Case, task: Task) -> list[FailedRow]:
    """Failures of the behaviors that need no reference: a row's is its own answer."""
    text = learned_text(row, task.output_for(case))
    asked = replace(case, reference=None)
    verdicts = judge_answer(asked, Completion(text, case_id=case.id), task)
    return [
        FailedRow(row.where, name, verdict.reason)
        for name, verdict in verdicts.items()
        if verdict.outcome is Outcome.FAILED
    ]
