"""``--tasks-dir`` and ``--report-dir``: where a command finds tasks and runs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli._paths import PathType

if TYPE_CHECKING:
    from harness.tasks.task import Task

_FOLDER = PathType(path_type=Path, file_okay=False)
tasks_dir_option = click.option(
    "--tasks-dir",
    type=_FOLDER,
    help="The folder of tasks. [default: tasks_dir of [tool.harness]]",
)
report_dir_option = click.option(
    "--report-dir",
    type=_FOLDER,
    help="The folder of runs. [default: report_dir of [tool.harness]]",
)


def task_named(name: str, tasks_dir: Path | None) -> "Task":
    """The task of that name in a folder, or else in the project's.

    Raises:
        HarnessError: there is none, or its files are broken.
    """
    from harness.run.settings import project_settings
    from harness.tasks.task import find_task

    task = find_task(tasks_dir or Path(project_settings().tasks_dir), name)
    return task
