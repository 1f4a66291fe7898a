"""The stored runs as lines of a terminal, newest first."""

import re
from collections.abc import Iterable, Iterator

from harness.core.printable import printable
from harness.core.record import FORMAT_SUCCESS, RunRecord
from harness.core.selection import part_of, selection_words
from harness.report.words import numbers as words
from harness.report.words.right_answers import RIGHT_ANSWERS

_TIMED_ID = re.compile(r"\d{8}-\d{6}-")


def lines(runs: Iterable[RunRecord]) -> Iterator[str]:
    """For each run and task a line with its cases, then one for each model with its rates."""
    for run in runs:
        made = "" if _TIMED_ID.match(run.id) else f" ({run.created[:16].replace('T', ' ')})"
        state = ", interrupted" if run.status != "complete" else ""
        head = f"{printable(run.id)}{made}{state}"
        if not run.tasks:
            yield f"{head}  no task"
        for task in run.tasks:
            groups: dict[str, list[str]] = {}
            for model in run.models:
                said = _rates(run, model.ref, task.name)
                groups.setdefault(selection_words(run, task, model), []).append(said)
            for selection, rows in groups.items():
                yield f"{head}  {printable(task.name)}, cases: {selection}"
                yield from rows


def _rates(run: RunRecord, model: str, task: str) -> str:
    found = {r.behavior: r.rate for r in run.results if (r.model, r.task) == (model, task)}
    said = (
        f"{'-' if (rate := found.get(name)) is None else words.percent(rate):>7} {word}"
        for name, word in ((FORMAT_SUCCESS, "success"), (RIGHT_ANSWERS, "right"))
    )
    return f"{' '.join(said)}  {printable(model)}"


def remark(runs: Iterable[RunRecord]) -> Iterator[str]:
    """What of the newest run is no whole run, which matters to who gates it."""
    newest = next(iter(runs), None)
    part = part_of(newest) if newest else ""
    if newest and part:
        yield f"{newest.id} {part}: against a whole run it is no latest for harness gate"
