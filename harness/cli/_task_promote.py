"""``harness task promote``: adds a generated case of a run to its task, and makes the starred cases
of a review must-pass cases."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli._document import json_option, say_document
from harness.cli._folders import report_dir_option, tasks_dir_option
from harness.cli._paths import PathType
from harness.core.errors import HarnessError
from harness.files.strict_json import NotJson, decode

if TYPE_CHECKING:
    from harness.core.record import RunRecord
    from harness.tasks.must_pass import MustPassCase

_FOLDER = PathType(path_type=Path, file_okay=False)
_SAID = {"marked": "must pass", "added": "added, must pass", "none": "had to pass already"}


@click.command()
@click.argument("run", required=False)
@click.argument("case", required=False)
@click.option("--reference", metavar="JSON", help="What a perfect answer contains.")
@click.option(
    "--review",
    type=PathType(path_type=Path, dir_okay=False),
    help="The review that a page exported: its starred cases must pass from then on.",
)
@click.option("--task", metavar="NAME", help="Where several tasks of the run have such a case.")
@tasks_dir_option
@report_dir_option
@json_option
def promote(
    run: str | None,
    case: str | None,
    reference: str | None,
    review: Path | None,
    task: str | None,
    tasks_dir: Path | None,
    report_dir: Path | None,
    is_json: bool,
) -> None:
    """Add a case that RUN drew to the cases.jsonl of its task.

    RUN is an id, the beginning of one, "latest" or a folder; CASE is the id of a drawn case, or of
    the smallest failing one that pytest printed.

    With --review in place of both, the cases with a star in a page's review become must-pass cases
    of their tasks: harness gate calls the failure of one a regression whatever the rates say.
    """
    from harness.run.settings import project_settings

    settings = project_settings()
    tasks, runs = tasks_dir or Path(settings.tasks_dir), report_dir or Path(settings.report_dir)
    if review is not None:
        if run is not None or reference is not None:
            given = "--reference" if run is None else run
            raise HarnessError(f"{given}: --review names the cases itself, leave it out")
        return _require_starred(review, tasks, _reader(runs), task, is_json=is_json)
    if run is None or case is None:
        raise HarnessError("Missing argument: name RUN and CASE, or --review FILE")
    _add(run, case, tasks, runs, task, reference, is_json=is_json)


def _add(
    run: str,
    case: str,
    tasks_dir: Path,
    report_dir: Path,
    task: str | None,
    reference: str | None,
    *,
    is_json: bool,
) -> None:
    from harness.records.runs import find_run, read_run
    from harness.report.console.output import say
    from harness.tasks.generate.promotion import promote as add

    record = read_run(find_run(run, report_dir))
    done = add(record, case, tasks_dir, task=task, **_given(reference))
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


def _require_starred(
    review: Path,
    tasks_dir: Path,
    run_of: Callable[[str], "RunRecord"],
    task: str | None,
    *,
    is_json: bool,
) -> None:
    from harness.records.reviews import read_review
    from harness.report.console.output import say
    from harness.tasks.must_pass import require_starred

    answers = read_review(review)
    try:
        done = require_starred(answers, tasks_dir, run_of, task=task)
    except HarnessError as error:
        raise HarnessError(*(f"{review}: {mistake}" for mistake in error.mistakes)) from None
    if is_json:
        say_document({"review": review, "cases": [asdict(found) for found in done]})
        return
    say(*(f"{found.file}:{found.line}: {found.case}: {_SAID[found.change]}" for found in done))
    say(*_next(done))


def _next(done: "Sequence[MustPassCase]") -> Iterator[str]:
    """What the changed files mean for baselines, and how the cases are judged."""
    from harness.report.words.numbers import plural

    changed = Counter(found.task for found in done if found.change != "none")
    for task, count in changed.items():
        yield (
            f"{task}: {plural(count, 'case')} more must pass. Its cases.jsonl is another file than "
            "that of your baselines: run the suites, then harness baseline save NAME --replace "
            "(or harness gate --allow cases)"
        )


def _reader(report_dir: Path) -> Callable[[str], "RunRecord"]:
    """Reads the run of an id."""
    from harness.records.runs import find_run, read_run

    def read(run: str) -> "RunRecord":
        record = read_run(find_run(run, report_dir))
        if record.id != run:
            raise HarnessError(f"run {run!r:.80}: not under {report_dir}, copy its folder there")
        return record

    return read
