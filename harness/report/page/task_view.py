"""One task's section of the page as values: what the template writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.core.record import TaskRecord
from harness.gate.compare import judged_behaviors
from harness.report.page.behavior_rows import (
    BehaviorRow,
    MeasuredRow,
    behavior_rows,
    measured_rows,
    rate_chart,
)
from harness.report.page.cases.answers import cases_of, required_of
from harness.report.page.cases.buckets import BucketView, bucket_views, buckets_of
from harness.report.page.cases.code_rows import CodeRow, code_rows
from harness.report.page.cases.counterexamples import CounterexampleView, counterexample_views
from harness.report.page.cases.details import detail_of
from harness.report.page.causes_view import CauseList, cause_lists
from harness.report.page.charts.distributions import Distribution, distributions_of
from harness.report.page.charts.history import HistoryChart, histories_of
from harness.report.page.embed import TaskCases
from harness.report.page.field_rows import FieldTable, field_tables
from harness.report.page.headlines import Headline, headline_of, noise_of
from harness.report.page.labels import Label, label_of
from harness.report.page.matrix import Matrix, Pairs, matrix_of
from harness.report.page.text_limit import is_cut
from harness.report.report import Report
from harness.report.words import numbers as words
from harness.report.words.excerpts import shared_prefix
from harness.report.words.right_answers import statement
from harness.report.words.slices import SliceTable, slices_in


@dataclass(frozen=True, slots=True)
class TaskView:
    """One task's section."""

    index: int
    task: TaskRecord
    headline: Headline
    causes: tuple[CauseList, ...]
    right: str
    """The second headline: the share of right answers, where cases have references."""
    noise: str
    """The cases that flip with nothing changed, where a run shows it."""
    labels: tuple[Label, ...]
    """Every model: the columns of the tables."""
    pair: tuple[Label, ...]
    """The sides of each case, and the columns of the table of behaviors."""
    matrix: Matrix | None
    """Given where there are more than two models."""
    behaviors: tuple[BehaviorRow, ...]
    charts: Mapping[str, Markup]
    """Charts of the behaviors, by name."""
    measured: tuple[MeasuredRow, ...]
    fields: tuple[FieldTable, ...]
    """One table for each behavior that grades answers."""
    distributions: tuple[Distribution, ...]
    histories: tuple[HistoryChart, ...]
    """One chart for each behavior, the composite first; empty where no other run is stored."""
    smallest: tuple[CounterexampleView, ...]
    """Counterexamples of drawn cases."""
    codes: tuple[CodeRow, ...]
    slices: SliceTable
    prefix: str
    """The beginning that every prompt shares."""
    limit: int | None
    """Characters after which texts were cut, where any was."""
    buckets: tuple[BucketView, ...]
    cases: TaskCases


def task_views(report: Report, limit: int, pairs: Pairs) -> tuple[TaskView, ...]:
    """One section per task of the run after, and of the one before.

    Args:
        report: what the page is about.
        limit: the most characters of one text.
        pairs: the reports on every pair, see ``matrix.all_pairs``.
    """
    tasks = {t.name: t for run in report.runs for t in run.tasks}
    return tuple(_task_view(i, report, task, limit, pairs) for i, task in enumerate(tasks.values()))


def _task_view(index: int, report: Report, task: TaskRecord, limit: int, pairs: Pairs) -> TaskView:
    labels = tuple(label_of(report, side) for side in report.sides)
    pair = tuple(label_of(report, side) for side in report.pair)
    places = tuple(report.place(side) for side in report.pair)
    cases = cases_of(report, task.name, limit)
    prefix = shared_prefix([c.prompt for c in cases])
    matrix = matrix_of(report, task, pairs)
    rows = behavior_rows(report, task.name, report.pair)
    every = {row.name: row for row, _ in matrix.rows} if matrix else {}
    distributions = distributions_of(report, task.name)
    causes = cause_lists(report, task.name, cases)
    embedded = TaskCases(
        task.name,
        prefix,
        cases,
        matrix,
        required_of(report, task.name),
        [judged_behaviors(side, task.name) for side in report.sides],
        distributions,
        tuple(cause for found in causes for cause in found.causes),
    )
    return TaskView(
        index,
        task,
        headline_of(report, task.name),
        causes,
        statement(report, task.name, words.MINUS),
        noise_of(report, task.name),
        labels,
        pair,
        matrix,
        rows,
        {row.name: rate_chart(row, pair, every.get(row.name)) for row in rows},
        measured_rows(report, task),
        tuple(field_tables(report, task.name)),
        distributions,
        histories_of(report, task.name),
        counterexample_views(report, task.name),
        code_rows(cases, places),
        slices_in(report, task.name, words.MINUS),
        cases[0].prompt[:prefix] if prefix else "",
        limit if is_cut(report, task.name, limit) else None,
        _buckets(embedded, pair, places),
        embedded,
    )


def _buckets(
    task: TaskCases, pair: Sequence[Label], places: Sequence[int]
) -> tuple[BucketView, ...]:
    """The folds of the pair's cases."""
    roles = [label.role or label.text for label in pair]
    return bucket_views(
        task.cases,
        buckets_of(len(pair)),
        lambda case: detail_of(case, places, roles, task.prefix),
        has_all=task.matrix is not None,
    )
