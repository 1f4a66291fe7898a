"""``harness task promote``: adds a generated case of a run to its task."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from harness.cli._document import json_option, say_document
from harness.cli._paths import PathType
from harness.files.strict_json import NotJson, decode

_FOLDER = PathType(path_type=Path, file_okay=False)


@click.command()
@click.argument("run")
@click.argument("case")
@click.option("--reference", metavar="JSON", help="What a perfect answer contains.")
@click.option("--task", metavar="NAME", help="Where several tasks of the run have such a case.")
@click.option("--tasks-dir", type=_FOLDER, help="The folder of task folders.")
@click.option("--report-dir", type=_FOLDER, help="The folder of runs.")
@json_option
def promote(
    run: str,
    case: str,
    reference: str | None,
    task: str | None,
    tasks_dir: Path | None,
    report_dir: Path | None,
    is_json: bool,
) -> None:
    """Add a case that RUN drew to the cases.jsonl of its task.

    RUN is an id, the beginning of one, "latest" or a folder; CASE is the id of a drawn case, or of
    the smallest failing one that pytest printed.
    """
    from harness.records.runs import find_run, read_run
    from harness.report.console.output import say
    from harness.run.settings import project_settings
    from harness.tasks.generate.promotion import promote as add

    settings = project_settings()
    record = read_run(find_run(run, report_dir or Path(settings.report_dir)))
    done = add(record, case, tasks_dir or Path(settings.tasks_dir), task=task, **_given(reference))
    if is_json:
        say_document({"case": case, **asdict(done)})
        return
    say(f"{done.file}:{done.line}: {case}")
    if not done.is_same_prompt:
        say(f"the prompt of {done.task} has changed since the run: the case uses today's")
    say(f"judge it: pytest suites/ --task {done.task} --case {case}")


def _given(reference: str | None) -> dict[str, Any]:
    if reference is None:
        return {}
    try:
        return {"reference": decode(reference.encode("utf-8", "surrogatepass"))}
    except NotJson as error:
        raise click.BadParameter(f"not valid JSON: {error}", param_hint="--reference") from None
