"""``harness runs``: lists the stored runs, newest first."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli._document import json_option, say_document
from harness.cli._folders import report_dir_option
from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.core.record import RunRecord


@click.command()
@click.option("--task", metavar="NAME", help="Only runs of this task.")
@click.option("--model", metavar="MODEL", help="Only runs of this model, by ref or name.")
@click.option("--last", type=click.IntRange(1), default=20, show_default=True, help="Runs shown.")
@report_dir_option
@json_option
def command(
    task: str | None, model: str | None, last: int, report_dir: Path | None, is_json: bool
) -> None:
    """List the stored runs, newest first: task, cases, model, format_success_rate, right answers.

    harness report --index makes a page of them.
    """
    from harness.report.console.output import say
    from harness.report.console.runs import lines, remark
    from harness.report.words.numbers import plural
    from harness.run.settings import project_settings

    root = report_dir or Path(project_settings().report_dir)
    every = list(newest_first(root))
    found = [run for run in every if _is_of(run, task, model)]
    if every and not found:
        raise HarnessError(_none_of(every, root, task, model))
    if is_json:
        shown = [_values(run, root, task, model) for run in found[:last]]
        return say_document({"folder": root, "count": len(found), "runs": shown})
    if not found:
        return say(f"{root}: no run yet, make one: pytest suites/ --model base:PATH")
    say(*lines(_part(run, task, model) for run in found[:last]))
    if len(found) > last:
        say(f"and {plural(len(found) - last, 'older run')}: --last {len(found)} shows all")
    say(*remark(every[:1]))


def newest_first(root: Path) -> "Iterator[RunRecord]":
    """The stored runs without their samples; one that cannot be read is told."""
    from harness.records.runs import read_results, run_ids
    from harness.report.console.output import say

    for run_id in reversed(run_ids(root)):
        try:
            yield read_results(root / run_id)
        except HarnessError as error:
            say(f"left out: {error.mistakes[0]}", err=True)


def _is_of(run: "RunRecord", task: str | None, model: str | None) -> bool:
    has_task = task is None or any(t.name == task for t in run.tasks)
    return has_task and (model is None or any(model in (m.ref, m.name) for m in run.models))


def _part(run: "RunRecord", task: str | None, model: str | None) -> "RunRecord":
    """The run with what was asked for alone."""
    from dataclasses import replace

    return replace(
        run,
        tasks=tuple(t for t in run.tasks if task in (None, t.name)),
        models=tuple(m for m in run.models if model in (None, m.ref, m.name)),
    )


def _none_of(runs: "list[RunRecord]", root: Path, task: str | None, model: str | None) -> str:
    from harness.core.suggestion import did_you_mean

    tasks = sorted({t.name for run in runs for t in run.tasks})
    models = sorted({m.ref for run in runs for m in run.models})
    for option, wanted, known in (("--task", task, tasks), ("--model", model, models)):
        names = {*known, *(m.name for run in runs for m in run.models)} if model else {*known}
        if wanted is not None and wanted not in names:
            there = ", ".join(known) or "none"
            return f"{option} {wanted}: no run under {root} has it, " + did_you_mean(
                wanted, known, f"there are {there}"
            )
    return f"--task {task} --model {model}: no run under {root} has both"


def _values(run: "RunRecord", root: Path, task: str | None, model: str | None) -> dict[str, Any]:
    from harness.cli._index import PAGE
    from harness.core.selection import part_of, selection_words

    shown = _part(run, task, model)
    models = {m.ref: m for m in shown.models}
    page = root / run.id / PAGE
    return {
        "id": run.id,
        "created": run.created,
        "status": run.status,
        "seconds": run.seconds,
        "part": part_of(run) or None,
        "page": page if page.is_file() else None,
        "models": [{"ref": m.ref, "name": m.name} for m in shown.models],
        "tasks": [
            {"name": t.name, "cases": t.cases, "selection": selection_words(run, t, None)}
            for t in shown.tasks
        ],
        "results": [
            asdict(r)
            for r in run.results
            if r.model in models and r.task in {t.name for t in shown.tasks}
        ],
    }
