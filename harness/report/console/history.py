"""One behavior over many runs: as a sparkline in a terminal."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from harness.core.printable import printable
from harness.core.record import BehaviorResult, RunRecord
from harness.core.selection import selection_key, selection_words
from harness.report.words import numbers as words

BARS = "▁▂▃▄▅▆▇█"
GAP = "·"
"""Stands for a run in which the behavior could not be judged."""


@dataclass(frozen=True, slots=True)
class Series:
    """One behavior of one model on one task, over the runs of one selection of its cases, oldest
    first."""

    task: str
    model: str
    name: str
    behavior: str
    selection: str = ""
    """``12 selected``; empty where the whole task was asked."""
    points: tuple[tuple[str, BehaviorResult], ...] = ()
    """Run id and result."""


def series_of(runs: Iterable[RunRecord], behavior: str) -> list[Series]:
    """A series for each task, model and selection, in the order in which they first ran."""
    found: dict[tuple[object, ...], Series] = {}
    for run in runs:
        models, tasks = {m.ref: m for m in run.models}, {t.name: t for t in run.tasks}
        for result in run.results if run.status == "complete" else ():
            if result.behavior == behavior:
                model, task = models[result.model], tasks[result.task]
                key = (task.name, model.ref, selection_key(run, task, model))
                said = selection_words(run, task, model) if key[2] else ""
                begun = Series(task.name, model.ref, model.name, behavior, said)
                series = found.setdefault(key, begun)
                found[key] = replace(series, points=(*series.points, (run.id, result)))
    return list(found.values())


def value_of(result: BehaviorResult) -> float | None:
    """The rate, or the measured value; ``None`` where nothing could be judged."""
    return words.headline(result)[1] if result.measured else result.rate


def lines(found: Iterable[Series], last: int) -> Iterator[str]:
    """Two lines for each series: its names, then the sparkline of the last runs."""
    for series in found:
        shown = series.points[-last:]
        cases = f"cases: {series.selection}" if series.selection else ""
        named = (series.task, series.model, series.behavior, cases)
        yield "  ".join(map(printable, filter(None, named)))
        values = [value_of(result) for _, result in shown]
        first, newest = (_said(result) for result in (shown[0][1], shown[-1][1]))
        runs = words.plural(len(shown), "run")
        yield f"  {sparkline(values)}  {first} -> {newest}  ({runs}, latest {shown[-1][0]})"


def sparkline(values: Iterable[float | None]) -> str:
    """A bar for each value between the least and the greatest; half height where all are equal."""
    points = list(values)
    known = [value for value in points if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)

    def bar(value: float | None) -> str:
        if value is None:
            return GAP
        if high == low:
            return BARS[len(BARS) // 2]
        return BARS[round((value - low) / (high - low) * (len(BARS) - 1))]

    return "".join(map(bar, points))


def _said(result: BehaviorResult) -> str:
    if result.measured:
        return words.quantity(*words.headline(result))
    return "not judged" if result.rate is None else words.percent(result.rate)
