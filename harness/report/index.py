"""One self-contained page of all stored runs: newest first, over time, checkpoints over steps."""

from collections.abc import Sequence

from harness.report.page.document import Document
from harness.report.page.index.checkpoints import checkpoints_of, training_of
from harness.report.page.index.lines import timelines_of
from harness.report.page.index.runs import IndexRow, RunIndex, rows_of
from harness.report.page.visible import breakable
from harness.report.words import numbers as words

MAX_TIMELINES = 40
"""Models, tasks and selections that are drawn over time; the runs of others are listed."""
DOCUMENT = Document("index.html.jinja", ("report", "index"), ("index",))


def render(index: RunIndex) -> str:
    """The page as text that UTF-8 can hold."""
    rows = list(rows_of(index.runs))
    timelines, trainings = timelines_of(rows), checkpoints_of(rows, index.trainings)
    models = {row.model.ref for row in rows} | {found.name for found in trainings}
    values = {
        "index": index,
        "headline": headline(index, rows),
        "rows": rows,
        "models": sorted(models),
        "tasks": sorted({row.task.name for row in rows}),
        "selections": sorted({row.cases for row in rows}),
        "timelines": timelines[:MAX_TIMELINES],
        "more_timelines": max(0, len(timelines) - MAX_TIMELINES),
        "trainings": trainings,
    }
    functions = {"breakable": breakable, "training_of": training_of, "words": words}
    return DOCUMENT.render(values, functions)


def headline(index: RunIndex, rows: Sequence[IndexRow]) -> str:
    """``12 runs of 3 models on 2 tasks, the newest of 2026-11-27``."""
    if not index.runs:
        return "No run yet"
    models = words.plural(len({row.model.ref for row in rows}), "model")
    tasks = words.plural(len({row.task.name for row in rows}), "task")
    runs = words.plural(len(index.runs) + index.older, "run")
    return f"{runs} of {models} on {tasks}, the newest of {index.runs[0].record.created[:10]}"
