"""The page's content as values: what the template writes, and nothing it has to work out."""

from dataclasses import dataclass

from markupsafe import Markup

from harness.compare import Comparison
from harness.core.record import FORMAT_SUCCESS, BehaviorResult, TaskRecord
from harness.report import decisions, sentences
from harness.report.answers import cases_alone, cases_of, shared_prefix
from harness.report.behavior_rows import (
    BehaviorRow,
    MeasuredRow,
    behavior_rows,
    decided,
    measured_rows,
)
from harness.report.buckets import ALONE_BUCKETS, PAIR_BUCKETS, BucketView, bucket_views
from harness.report.code_rows import CodeRow, code_rows
from harness.report.contents import Report
from harness.report.embed import TaskCases
from harness.report.labels import Label, label_of
from harness.report.slice_rows import SliceTable, slice_table
from harness.report.text_limit import is_cut, text_limit


@dataclass(frozen=True, slots=True)
class TaskView:
    """One task's section."""

    index: int
    task: TaskRecord
    headline: str
    details: tuple[str, ...]
    chart: Markup
    labels: tuple[Label, ...]
    """Every model: the columns of the tables."""
    pair: tuple[Label, ...]
    """The sides of each case."""
    behaviors: tuple[BehaviorRow, ...]
    measured: tuple[MeasuredRow, ...]
    codes: tuple[CodeRow, ...]
    slices: SliceTable
    prefix: str
    """What every prompt begins with."""
    limit: int | None
    """Characters after which texts were cut, where any was."""
    buckets: tuple[BucketView, ...]
    cases: TaskCases


def task_views(report: Report) -> tuple[TaskView, ...]:
    """One section per task of the run after, and of the one before."""
    compared = {c.task: c for c in report.comparisons}
    tasks = {t.name: t for run in report.runs for t in run.tasks}
    limit = text_limit(report)
    return tuple(
        _task_view(i, report, task, compared.get(name), limit)
        for i, (name, task) in enumerate(tasks.items())
    )


def _task_view(
    index: int, report: Report, task: TaskRecord, comparison: Comparison | None, limit: int
) -> TaskView:
    labels = tuple(label_of(report, side) for side in report.sides)
    pair = tuple(label_of(report, side) for side in report.pair)
    if comparison is None:
        cases = cases_alone(report.after, task.name, limit)
    else:
        cases = cases_of(comparison, limit)
    prefix = shared_prefix([c.prompt for c in cases])
    rows = behavior_rows(report, task, labels)
    own = report.after.record.results
    results = [r for r in own if r.model == report.after.model and r.task == task.name]
    return TaskView(
        index,
        task,
        *_words(report, task, comparison, results),
        next((r.chart for r in rows if r.is_composite), Markup("")),
        labels,
        pair,
        rows,
        measured_rows(report, task),
        code_rows(cases),
        _slices(report, comparison),
        cases[0].prompt[:prefix] if prefix else "",
        limit if is_cut(report, task.name, limit) else None,
        bucket_views(cases, PAIR_BUCKETS if comparison else ALONE_BUCKETS),
        TaskCases(task.name, [p.role or p.name for p in pair], prefix, cases),
    )


def _slices(report: Report, comparison: Comparison | None) -> SliceTable:
    if comparison is None or report.decision is None:
        return SliceTable()
    return slice_table(comparison, report.decision.policy.confidence)


def _words(
    report: Report,
    task: TaskRecord,
    comparison: Comparison | None,
    results: list[BehaviorResult],
) -> tuple[str, tuple[str, ...]]:
    budgets = sentences.of_budgets(results)
    if comparison is None:
        return sentences.of_result(report.after.result(task.name, FORMAT_SUCCESS)), (budgets,)
    changes = sentences.of_changes(comparison.composite)
    details = (sentences.of_intervals(comparison), changes, f"After: {_lowered(budgets)}")
    headline = sentences.of_comparison(comparison)
    found = decided(report.decision, task.name)
    if report.decision is None or found is None:
        return headline, tuple(d for d in details if d)
    verdict, numbers = decisions.headline_of(found, report.decision)
    more = decisions.details_of(found, report.decision)
    return verdict, (numbers, *more, changes, f"After: {_lowered(budgets)}")


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
