"""``harness history``: shows a behavior over the stored runs, oldest first."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli._document import json_option, say_document
from harness.cli._folders import report_dir_option
from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.report.console.history import Series


@click.command()
@click.argument("behavior", default="format_success_rate")
@click.option("--task", metavar="NAME", help="Only this task.")
@click.option("--model", metavar="MODEL", help="Only this model, by ref or name.")
@click.option("--last", type=click.IntRange(2), default=20, show_default=True, help="Runs shown.")
@report_dir_option
@json_option
def command(
    behavior: str,
    task: str | None,
    model: str | None,
    last: int,
    report_dir: Path | None,
    is_json: bool,
) -> None:
    """Show how BEHAVIOR went over the stored runs: one line per task, model and selection of cases.

    Interrupted runs are left out.
    """
    from harness.cli.runs import newest_first
    from harness.report.console.history import lines, series_of
    from harness.report.console.output import say
    from harness.run.settings import project_settings

    root = report_dir or Path(project_settings().report_dir)
    runs = [*newest_first(root)][::-1]
    found = [
        series
        for series in series_of(runs, behavior)
        if task in (None, series.task) and model in (None, series.model, series.name)
    ]
    if not found:
        known = sorted({r.behavior for run in runs for r in run.results})
        raise HarnessError(
            f"{behavior}: no run under {root} has it so, there are: {', '.join(known) or 'no runs'}"
        )
    if is_json:
        say_document({"behavior": behavior, "series": [_values(s, last) for s in found]})
    else:
        say(*lines(found, last))


def _values(series: "Series", last: int) -> dict[str, Any]:
    """One series, of which each point is the result of a run."""
    points = [{"run": run, **asdict(result)} for run, result in series.points[-last:]]
    named = {"task": series.task, "model": series.model, "selection": series.selection or None}
    return {**named, "points": points}
