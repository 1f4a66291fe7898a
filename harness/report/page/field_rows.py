"""The table of fields: the share of the references' leaves that are equal, by field and model."""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.core.record import BehaviorResult
from harness.report.report import Report
from harness.report.words import numbers as words
from harness.report.words.shares import name_of, worst_first

MAX_ROWS = 40
"""Fields in the table: the worst, each by the last model that has it; the rest are counted."""


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field over all models."""

    name: str
    rates: tuple[str, ...]
    """Empty where a model has no answer with it."""
    leaves: str


@dataclass(frozen=True, slots=True)
class FieldTable:
    """The fields of one graded behavior on one task."""

    behavior: str
    recalls: tuple[str, ...]
    """Path recall of each model."""
    whole: tuple[str, ...]
    """Answers with every leaf, of each model."""
    rows: tuple[FieldRow, ...]
    more: int
    """Fields that are left out, at the rate of the last row or above."""


def field_tables(report: Report, task: str) -> Iterator[FieldTable]:
    """A table for each behavior that grades answers to the task."""
    results = [r for side in report.sides for r in side.record.results if r.task == task]
    for behavior in dict.fromkeys(r.behavior for r in results if r.shares):
        yield _table(behavior, [side.result(task, behavior) for side in report.sides])


def _table(behavior: str, results: list[BehaviorResult | None]) -> FieldTable:
    known = [{f.pointer: f for f in r.shares.fields} if r and r.shares else {} for r in results]
    latest = {pointer: field for found in known for pointer, field in found.items()}
    rows = [
        FieldRow(
            name_of(pointer),
            tuple(words.percent(f[pointer].rate) if pointer in f else "" for f in known),
            f"{max(f[pointer].leaves for f in known if pointer in f):,}",
        )
        for pointer in (field.pointer for field in worst_first(list(latest.values())))
    ]
    return FieldTable(
        behavior,
        tuple(map(_recall, results)),
        tuple(f"{r.passed:,} of {r.passed + r.failed:,}" if r else "" for r in results),
        tuple(rows[:MAX_ROWS]),
        max(0, len(rows) - MAX_ROWS),
    )


def _recall(result: BehaviorResult | None) -> str:
    return words.percent(result.shares.path_recall.rate) if result and result.shares else ""
