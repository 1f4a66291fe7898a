"""A behavior over the stored runs of one task and kind of model, as a chart of the page.

Models of one kind share a line, whatever their names: ``adapter:out/a`` and ``adapter:out/b`` are
trainings of the same thing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.core.record import BehaviorResult, RunRecord, TaskRecord
from harness.core.selection import selection_key
from harness.gate.compare import Side
from harness.report.page.charts.plots import Dot, Line, Scale, plot, shares
from harness.report.page.labels import label_of
from harness.report.report import Report
from harness.report.words import numbers as words
from harness.report.words.right_answers import order_of

MAX_RUNS = 30
"""Runs of one chart, the latest."""
MAX_TICKS = 3


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """One run."""

    run: str
    created: str
    model: str
    result: BehaviorResult
    is_alike: bool
    """It had the same cases as the run that the report is about."""


@dataclass(frozen=True, slots=True)
class HistoryChart:
    """One behavior."""

    behavior: str
    chart: Markup
    runs: int
    has_other_cases: bool
    kinds: tuple[tuple[str, str], ...]
    """The kind of model and the CSS class of each line."""


def histories_of(report: Report, task: str) -> tuple[HistoryChart, ...]:
    """The composite, the right answers, then every behavior, where more than one run has it."""
    behaviors = dict.fromkeys(
        r.behavior
        for r in report.after.record.results
        if (r.model, r.task) == (report.after.model, task) and not r.measured
    )
    ordered = sorted(behaviors, key=order_of)
    return tuple(found for name in ordered if (found := _chart(report, task, name)))


def _chart(report: Report, task: str, behavior: str) -> HistoryChart | None:
    stored = {run.id: run for run in (*report.history, *report.runs)}
    until = report.after.record.created
    runs = sorted(
        (r for r in stored.values() if r.created <= until), key=lambda r: (r.created, r.id)
    )
    kinds = {_kind(side): label_of(report, side).css_class for side in report.pair}
    found = {kind: _points(report, runs[-MAX_RUNS:], task, behavior, kind) for kind in kinds}
    order = sorted({(p.created, p.run) for points in found.values() for p in points})
    if len(order) < 2:
        return None
    place = {run: i for i, (_, run) in enumerate(order)}
    lines, dots, told = [], [], []
    for kind, points in found.items():
        judged = [(place[p.run], p) for p in points]
        lines.append(Line(tuple((i, p.result.rate or 0.0) for i, p in judged), kinds[kind]))
        dots += [_dot(i, p, kinds[kind]) for i, p in judged]
        told += [f"{kind}: {_span(points)}"] if points else []
    own = report.after.result(task, behavior)
    described = f"{behavior} over {len(order)} runs; {'; '.join(told)}"
    budget = own.budget if own else None
    y = shares("cases that pass")
    chart = plot(lines, _runs(order), y, described, dots=dots, level=budget)
    other = any(not p.is_alike for points in found.values() for p in points)
    return HistoryChart(behavior, chart, len(order), other, tuple(kinds.items()))


def _points(
    report: Report, runs: Sequence[RunRecord], task: str, behavior: str, kind: str
) -> list[HistoryPoint]:
    described, model = report.after.task_record(task), report.after.model_record
    wanted = described and selection_key(report.after.record, described, model)
    points = []
    for run in runs:
        asked = next((t for t in run.tasks if t.name == task), None)
        alike = [m.ref for m in run.models if asked and selection_key(run, asked, m) == wanted]
        refs = [m.ref for m in run.models if m.kind == kind and m.ref in alike]
        results = [r for r in run.results if (r.task, r.behavior) == (task, behavior)]
        judged = [r for ref in refs for r in results if r.model == ref and r.rate is not None]
        if judged and run.status == "complete":
            same = _cases(asked) == _cases(described)
            points.append(HistoryPoint(run.id, run.created, judged[-1].model, judged[-1], same))
    return points


def _cases(task: TaskRecord | None) -> tuple[str, int] | None:
    """The cases of a run: their file's hash and their number."""
    return (task.cases_sha256, task.cases) if task else None


def _dot(place: int, point: HistoryPoint, css_class: str) -> Dot:
    result = point.result
    assert result.rate is not None, "only judged runs are points"
    other = "" if point.is_alike else ", other cases"
    title = (
        f"{point.run}: {point.model} {words.percent(result.rate)}, "
        f"interval {words.interval(result.interval)}{other}"
    )
    classes = css_class if point.is_alike else f"{css_class} unlike"
    return Dot(place, result.rate, classes, title, result.interval)


def _span(points: Sequence[HistoryPoint]) -> str:
    first, last = points[0].result.rate or 0.0, points[-1].result.rate or 0.0
    return f"{words.percent(first)} first, {words.percent(last)} last"


def _runs(order: Sequence[tuple[str, str]]) -> Scale:
    """The runs at equal distances, some of them named by their date and time."""
    last = len(order) - 1
    count = min(MAX_TICKS, len(order))
    places = sorted({round(i * last / (count - 1)) for i in range(count)})
    ticks = tuple((float(i), order[i][0][5:16].replace("T", " ")) for i in places)
    return Scale(0.0, float(last), ticks, "runs, oldest first (UTC)")


def _kind(side: Side) -> str:
    described = side.model_record
    return described.kind if described else side.model.partition(":")[0]
