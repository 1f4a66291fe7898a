"""The page's content as values: what the template writes, and nothing it has to work out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.compare import Change, Comparison, Side
from harness.core.record import FORMAT_SUCCESS, BehaviorResult, TaskRecord
from harness.evidence import Evidence
from harness.gate import GateDecision, TaskDecision
from harness.report import decisions, sentences, words
from harness.report.answers import (
    FAILING,
    PASSING,
    ShownCase,
    cases_alone,
    cases_of,
    prompt_of,
    shared_prefix,
)
from harness.report.charts import Point, count_chart, interval_chart
from harness.report.contents import Report
from harness.report.embed import TaskCases
from harness.report.slice_rows import SliceTable, slice_table

TEXT_LIMITS = (20_000, 4_000, 1_500, 600, 300)
"""Characters of one text that the page may hold: the most with which all of them fit."""
MAX_CHARACTERS = 3_000_000
"""Of all texts together."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A fold of the list of cases."""

    title: str
    states: tuple[str, ...]
    hint: str
    static: int
    """How many of its cases the page holds as HTML, for readers without JavaScript."""
    is_first: bool = False
    """Stands on the page and open even when it is empty: that nothing broke is worth seeing."""


PAIR_BUCKETS = (
    Bucket("Regressed", (Change.REGRESSED,), "passed before, fails after", 40, True),
    Bucket("Fixed", (Change.FIXED,), "failed before, passes after", 5),
    Bucket("Still failing", (Change.STILL_FAILING,), "fails before and after", 5),
    Bucket("Unchanged", (Change.STILL_PASSING,), "passes before and after", 2),
    Bucket("Not judged", (Change.NOT_JUDGED,), "an error or a skip on one side", 5),
    Bucket("Added or removed", (Change.ADDED, Change.REMOVED), "stands on one side only", 5),
)
ALONE_BUCKETS = (
    Bucket("Failing", (FAILING,), "a required behavior fails", 40, True),
    Bucket("Passing", (PASSING,), "every required behavior passes", 5),
    Bucket("Not judged", (Change.NOT_JUDGED,), "an error or a skip", 5),
)


@dataclass(frozen=True, slots=True)
class Label:
    """What a side is called."""

    role: str
    """``before``, ``after``, or nothing for a model beside the pair."""
    name: str
    ref: str
    css_class: str


@dataclass(frozen=True, slots=True)
class BehaviorRow:
    """One behavior, over all models."""

    name: str
    is_composite: bool
    chart: Markup
    results: tuple[BehaviorResult | None, ...]
    change: str
    change_interval: str
    """In points, of the pairs that both sides judged."""
    p_value: str
    """One-sided, raised for the number of behaviors: that so much breaks by chance."""
    budget: str
    codes: tuple[str, ...]
    """Per model: ``markdown_fence 91, syntax 96``."""


@dataclass(frozen=True, slots=True)
class MeasuredRow:
    """One measured value, over all models."""

    name: str
    values: tuple[str, ...]
    results: tuple[BehaviorResult | None, ...]
    """Given where the budget speaks of this value."""
    budget: str


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One failure code: the cases in which any behavior gave it."""

    code: str
    before: int | None
    after: int
    chart: Markup


@dataclass(frozen=True, slots=True)
class BucketView:
    """A bucket with its cases, of which the first are written as HTML."""

    bucket: Bucket
    count: int
    is_open: bool
    """The first bucket, and the first that has cases."""
    shown: tuple[ShownCase, ...]


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
    limit = _text_limit(report)
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
    rows = _behavior_rows(report, task, labels)
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
        _measured_rows(report, task),
        _code_rows(cases),
        _slices(report, comparison),
        cases[0].prompt[:prefix] if prefix else "",
        limit if _is_cut(report, task.name, limit) else None,
        _buckets(cases, PAIR_BUCKETS if comparison else ALONE_BUCKETS),
        TaskCases(task.name, [p.role or p.name for p in pair], prefix, cases),
    )


def _slices(report: Report, comparison: Comparison | None) -> SliceTable:
    if comparison is None or report.decision is None:
        return SliceTable()
    return slice_table(comparison, report.decision.policy.confidence)


def label_of(report: Report, side: Side) -> Label:
    """Names one model of one run by its part in the pair, its name and, in doubt, its run."""
    is_after = _is_same(side, report.after)
    role = ""
    if report.before is not None:
        role = "before" if _is_same(side, report.before) else "after" if is_after else ""
    described = side.model_record
    name = described.name if described else side.model
    if len(report.runs) > 1:
        name = f"{name} ({side.record.id})"
    return Label(role, name, side.model, role or ("after" if is_after else "other"))


def _is_same(side: Side, other: Side) -> bool:
    """Without comparing records value by value."""
    return side.record is other.record and side.model == other.model


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
    decided = _decided(report.decision, task.name)
    if report.decision is None or decided is None:
        return headline, tuple(d for d in details if d)
    verdict, numbers = decisions.headline_of(decided, report.decision)
    more = decisions.details_of(decided, report.decision)
    return verdict, (numbers, *more, changes, f"After: {_lowered(budgets)}")


def _decided(decision: GateDecision | None, task: str) -> TaskDecision | None:
    """What the gate decided of one task, where it could."""
    found = (t for t in (decision.tasks if decision else ()) if t.task == task)
    return next(found, None)


def _evidence(report: Report, task: str, behavior: str) -> Evidence | None:
    """The paired evidence on one behavior, where the gate was asked."""
    decided = _decided(report.decision, task)
    known = (decided.composite, *decided.behaviors) if decided else ()
    return next((e for e in known if e.behavior == behavior), None)


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _behavior_rows(
    report: Report, task: TaskRecord, labels: Sequence[Label]
) -> tuple[BehaviorRow, ...]:
    names = dict.fromkeys(
        r.behavior
        for side in report.sides
        for r in side.record.results
        if r.task == task.name and not r.measured
    )
    ordered = sorted(names, key=lambda name: name != FORMAT_SUCCESS)
    return tuple(_behavior_row(report, task.name, name, labels) for name in ordered)


def _behavior_row(report: Report, task: str, behavior: str, labels: Sequence[Label]) -> BehaviorRow:
    results = tuple(side.result(task, behavior) for side in report.sides)
    budget = next((r.budget for r in reversed(results) if r and r.budget is not None), None)
    points = [
        Point(label.role or label.name, r.rate, r.interval, label.css_class)
        for label, r in zip(labels, results, strict=True)
        if r is not None
    ]
    return BehaviorRow(
        behavior,
        behavior == FORMAT_SUCCESS,
        interval_chart(points, budget, behavior),
        results,
        _change(report, task, behavior),
        *_paired(_evidence(report, task, behavior)),
        next((words.budget(r) for r in reversed(results) if r and r.budget is not None), ""),
        tuple(_codes(r) for r in results),
    )


def _paired(found: Evidence | None) -> tuple[str, str]:
    """The interval of the change and, of a loss, its adjusted p-value."""
    if found is None or found.is_still:
        return "", ""
    ends = decisions.interval(found).replace("-", "\N{MINUS SIGN}")
    return ends, decisions.p_value(found.adjusted_p) if found.drop > 0 else ""


def _change(report: Report, task: str, behavior: str) -> str:
    if report.before is None:
        return ""
    before, after = report.before.result(task, behavior), report.after.result(task, behavior)
    if before is None or after is None or before.rate is None or after.rate is None:
        return ""
    points = (after.rate - before.rate) * 100
    return "0.0" if abs(points) < 0.05 else f"{points:+.1f}".replace("-", "\N{MINUS SIGN}")


def _codes(result: BehaviorResult | None, limit: int = 3) -> str:
    if result is None:
        return ""
    ordered = sorted(result.codes.items(), key=lambda item: -item[1])
    more = [f"{len(ordered) - limit} more"] if len(ordered) > limit else []
    return ", ".join([f"{code} {count:,}" for code, count in ordered[:limit]] + more)


def _measured_rows(report: Report, task: TaskRecord) -> tuple[MeasuredRow, ...]:
    found = [
        (r.behavior, name)
        for side in report.sides
        for r in side.record.results
        if r.task == task.name
        for name in r.measured
    ]
    return tuple(_measured_row(report, task.name, *key) for key in dict.fromkeys(found))


def _measured_row(report: Report, task: str, behavior: str, name: str) -> MeasuredRow:
    results = tuple(side.result(task, behavior) for side in report.sides)
    values = tuple(
        words.quantity(name, r.measured[name]) if r and name in r.measured else "" for r in results
    )
    judged = tuple(
        r if r and r.measured and words.headline(r)[0] == name else None for r in results
    )
    budget = next((words.budget(r) for r in reversed(judged) if r), "")
    label = f"{behavior.removesuffix('_budget')}: {words.label(name)}"
    return MeasuredRow(label, values, judged, budget)


def _code_rows(cases: Iterable[ShownCase]) -> tuple[CodeRow, ...]:
    counts: dict[str, list[int]] = {}
    sides = 1
    for case in cases:
        sides = len(case.answers)
        for side, answer in enumerate(case.answers):
            for code in (
                {f.code for f in answer.findings if f.outcome != "skipped"} if answer else ()
            ):
                counts.setdefault(code, [0] * sides)[side] += 1
    most = max((max(c) for c in counts.values()), default=0)
    ordered = sorted(counts.items(), key=lambda item: (-max(item[1]), item[0]))
    rows = ((code, c[0] if sides == 2 else None, c[-1]) for code, c in ordered)
    return tuple(CodeRow(code, b, a, count_chart(b, a, most)) for code, b, a in rows)


def _buckets(cases: Sequence[ShownCase], buckets: Iterable[Bucket]) -> tuple[BucketView, ...]:
    count = Counter(case.state for case in cases)
    views: list[BucketView] = []
    for bucket in buckets:
        total = sum(count[state] for state in bucket.states)
        shown = [c for c in cases if c.state in bucket.states][: bucket.static]
        is_open = bucket.is_first or not any(view.count for view in views)
        if total or bucket.is_first:
            views.append(BucketView(bucket, total, is_open, tuple(shown)))
    return tuple(views)


def _lengths(report: Report) -> Iterable[tuple[str, int]]:
    for side in report.pair:
        for sample in side.record.samples:
            if sample.model == side.model:
                yield sample.task, len(sample.completion.text)
                yield sample.task, len(prompt_of(sample))


def _text_limit(report: Report) -> int:
    lengths = [length for _, length in _lengths(report)]
    for limit in TEXT_LIMITS:
        if sum(min(length, limit) for length in lengths) <= MAX_CHARACTERS:
            return limit
    return TEXT_LIMITS[-1]


def _is_cut(report: Report, task: str, limit: int) -> bool:
    return any(length > limit for name, length in _lengths(report) if name == task)
