"""The checkpoints of a training: what the suites found of each, over its optimiser steps."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.core.record import FORMAT_SUCCESS
from harness.model_files.training_record import Rates
from harness.report.page.charts.plots import Dot, Line, plot, scale, shares
from harness.report.page.index.lines import title_of
from harness.report.page.index.runs import IndexRow
from harness.report.words import numbers as words
from harness.report.words.right_answers import RIGHT_ANSWERS, order_of

_CHECKPOINT = re.compile(r"(?P<kind>[a-z]+):(?P<folder>.*?)/?checkpoint-(?P<step>\d{1,9})/?")
_PARTIAL = ".partial"
"""The end of a training's folder while it trains, see ``trainers.output.folder``."""
CLASSES = {FORMAT_SUCCESS: "after", RIGHT_ANSWERS: "other"}
WATCHED = "before"
"""The class of what was watched during the training."""


@dataclass(frozen=True, slots=True)
class CheckpointChart:
    """One behavior, or the two that matter most, over the steps."""

    title: str
    keys: tuple[tuple[str, str], ...]
    """Names of its lines, and their CSS classes."""
    chart: Markup


@dataclass(frozen=True, slots=True)
class CheckpointTable:
    """One row for each checkpoint."""

    behaviors: tuple[str, ...]
    rows: tuple[tuple[str, str, str, tuple[str, ...]], ...]
    """Step, run, address and rates."""


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The checkpoints of one training on one selection of a task's cases."""

    name: str
    """``adapter:out/checkpoint-*``."""
    task: str
    cases: str
    best: str
    """The steps with the highest rates, in a sentence."""
    main: CheckpointChart
    others: tuple[CheckpointChart, ...]
    table: CheckpointTable


def training_folder(ref: str) -> tuple[str, str, int] | None:
    """The kind, the training's folder and the step of a checkpoint's ref; ``None`` for others."""
    found = _CHECKPOINT.fullmatch(ref)
    if found is None:
        return None
    return found["kind"], found["folder"].removesuffix(_PARTIAL) or ".", int(found["step"])


def training_of(ref: str) -> str:
    """The name of a checkpoint's training: ``adapter:out/checkpoint-*``; empty of other models."""
    found = training_folder(ref)
    return _name(found[0], found[1]) if found else ""


def _name(kind: str, folder: str) -> str:
    return f"{kind}:{folder}/checkpoint-*"


def checkpoints_of(rows: Iterable[IndexRow], trainings: Mapping[str, Rates]) -> list[Checkpoints]:
    """The trainings of which two checkpoints or more were judged, the latest first.

    Args:
        rows: newest first; of a step that was judged again, the newest counts.
        trainings: what they watched, by folder.
    """
    groups: dict[tuple[object, ...], dict[int, IndexRow]] = {}
    for row in rows:
        found = training_folder(row.model.ref)
        if found is not None and row.is_complete:
            kind, folder, step = found
            task, _, selection = row.key
            groups.setdefault((kind, folder, task, selection), {}).setdefault(step, row)
    return [
        _checkpoints(str(kind), str(folder), own, trainings.get(str(folder), ()))
        for (kind, folder, *_), own in groups.items()
        if len(own) > 1
    ]


def _checkpoints(
    kind: str, folder: str, rows: Mapping[int, IndexRow], watched: Rates
) -> Checkpoints:
    steps = sorted(rows)
    first = rows[steps[0]]
    judged = dict.fromkeys(
        name
        for step in steps
        for name, found in rows[step].results.items()
        if found.rate is not None and not found.measured
    )
    names = sorted(judged, key=order_of)
    main = [name for name in names if name in CLASSES]
    return Checkpoints(
        _name(kind, folder),
        first.task.name,
        first.cases,
        _best(main, rows),
        _chart("success and right answers", main, rows, watched),
        tuple(_chart(name, [name], rows, watched) for name in names if name not in CLASSES),
        _table(names, rows),
    )


def _best(names: Sequence[str], rows: Mapping[int, IndexRow]) -> str:
    """``Highest: format_success_rate at step 150 (96.7%).``: the first of equal ones."""
    said = []
    for name in names:
        points = _points(name, rows)
        step, rate = max(points, key=lambda p: (p[1], -p[0]))
        said.append(f"{name} at step {step:,} ({words.percent(rate)})")
    return f"Highest: {'; '.join(said)}." if said else ""


def _points(name: str, rows: Mapping[int, IndexRow]) -> list[tuple[int, float]]:
    found = ((step, rows[step].results.get(name)) for step in sorted(rows))
    return [(step, r.rate) for step, r in found if r is not None and r.rate is not None]


def _chart(
    title: str, names: Sequence[str], rows: Mapping[int, IndexRow], watched: Rates
) -> CheckpointChart:
    live = {name: points for name, points in watched if name in names}
    last = max(*rows, *(point[0] for points in live.values() for point in points), 1)
    x, y = scale(0, last, "optimiser steps"), shares("cases that pass")
    lines: list[Line] = []
    dots: list[Dot] = []
    keys: list[tuple[str, str]] = []
    for name, points in live.items():
        lines.append(Line(tuple((step, rate) for step, rate, *_ in points), WATCHED))
        keys.append((f"{name} while training, on held-out prompts", WATCHED))
    for name in names:
        css_class = CLASSES.get(name, "after")
        lines.append(Line(tuple(_points(name, rows)), css_class))
        dots += _dots(name, rows, css_class)
        keys.append((name, css_class))
    said = "; ".join(
        f"{name}: {', '.join(f'step {s:,} {words.percent(r)}' for s, r in _points(name, rows))}"
        for name in names
    )
    return CheckpointChart(title, tuple(keys), plot(lines, x, y, said, dots=dots))


def _dots(name: str, rows: Mapping[int, IndexRow], css_class: str) -> Iterator[Dot]:
    for step, rate in _points(name, rows):
        row = rows[step]
        title = f"step {step:,}, run {title_of(row, row.results[name], name)}"
        yield Dot(step, rate, css_class, title, row.results[name].interval, row.run.address)


def _table(names: Sequence[str], rows: Mapping[int, IndexRow]) -> CheckpointTable:
    shown = tuple(names[:6])
    return CheckpointTable(
        shown,
        tuple(
            (
                f"{step:,}",
                rows[step].run.record.id,
                rows[step].run.address,
                tuple(rows[step].rate(name) for name in shown),
            )
            for step in sorted(rows)
        ),
    )
