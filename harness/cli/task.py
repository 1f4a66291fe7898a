"""``harness task``: drafts or imports a task, grades it and the checks that judge it, adds cases to
it."""

from dataclasses import asdict
from pathlib import Path

import click

from harness.cli._document import json_option, say_document
from harness.cli._group import Group
from harness.cli._paths import PathType
from harness.cli._task_grade import BROKEN, print_grade
from harness.cli._task_import import import_
from harness.cli._task_new import new
from harness.cli._task_promote import promote


@click.group(cls=Group)
def command() -> None:
    """Make the tasks that models are judged on, and look after them."""


command.add_command(import_)
command.add_command(new)
command.add_command(promote)


@command.command()
@click.argument("folder", metavar="DIR", type=PathType(path_type=Path, file_okay=False))
@click.option(
    "--suites",
    type=PathType(path_type=Path, file_okay=False, exists=True),
    help="Suites with behaviors of your own, to be run over the references. [default: suites/]",
)
@json_option
def check(folder: Path, suites: Path | None, is_json: bool) -> None:
    """Grade the graders of the task in DIR, without a model.

    Its files must be sound. Every reference, written out as the perfect completion, must pass every
    behavior that applies. Corruptions of it (a fence added, a key dropped, a value invented, ...)
    must fail exactly the behaviors that the defect breaks.

    Exit code 0 when the task is sound, 1 when it is not, 2 when there is none in DIR.
    """
    from harness.core.errors import HarnessError
    from harness.files.project import in_project
    from harness.tasks.check.grading import check_task
    from harness.tasks.check.names import names_in_suites

    default = in_project("suites")
    if suites is not None and not names_in_suites(suites):
        raise HarnessError(f"--suites {suites}: has no test_*.py with behaviors, name their folder")
    grade = check_task(folder, suites or (default if default.is_dir() else None))
    if is_json:
        from harness.stats.wordings import unseen_drop

        found = {"is_sound": grade.is_sound, **asdict(grade)}
        found["unseen_drop"] = unseen_drop(grade.wordings.wordings)
        say_document(found)
    else:
        print_grade(grade)
    if not grade.is_sound:
        raise SystemExit(BROKEN)
