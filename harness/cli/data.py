"""``harness data``: makes training rows of files as people have them, and looks at their faults."""

from pathlib import Path
from typing import Any

import click

from harness.cli._document import json_option, say_document
from harness.cli._folders import task_named, tasks_dir_option
from harness.cli._group import Group
from harness.cli._paths import PathType

FAULTS = 1
"""Exit code of rows with faults."""
FILES = PathType(path_type=Path)
SPLITS = ("train", "val", "test")


@click.group(cls=Group)
def command() -> None:
    """Make and examine training data."""


@command.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILES)
@click.option("-o", "output", metavar="DIR", required=True, type=FILES, help="Folder to write.")
@click.option("--format", "name", metavar="SHAPE", help="Shape of the rows; found if left out.")
@click.option("--prompt", metavar="PATH", help="Where a row has its prompt: task.description.")
@click.option("--completion", metavar="PATH", help="Where a row has its completion.")
@click.option("--system-from", "system", metavar="PATH", help="Where a row has its system message.")
@click.option(
    "--system",
    "systems",
    metavar="NAME=TEXT",
    multiple=True,
    help="System message of the rows that have NAME there. Repeatable.",
)
@click.option("--split", default="80/10/10", show_default=True, help="Train, val, test in percent.")
@click.option("--drop-flagged", is_flag=True, help="Leave out rows with secrets, personal data.")
@click.option("--overwrite", is_flag=True, help="Replace prepared rows that stand in DIR.")
@json_option
def prepare(
    files: tuple[Path, ...],
    output: Path,
    split: str,
    drop_flagged: bool,
    overwrite: bool,
    is_json: bool,
    **shape: Any,
) -> None:
    """Read FILE... and write DIR: train.jsonl, val.jsonl, test.jsonl, rejected.jsonl with a reason
    for each row, metadata.json.

    Files are JSON Lines, JSON arrays, CSV or Parquet, also compressed by gzip. Rows are split by a
    hash of their prompt, so a row stays in its split when others are added. Of the log of an
    experiment (harness serve --ab --log DIR --log-text) the answers that passed are read.

    \b
    harness data prepare chats.json more.parquet -o data/chats
    harness data prepare log.jsonl -o data/log --prompt task.description \\
      --completion execution.output --system-from agent.role
    """
    from harness.cli._experiment import with_texts
    from trainers.data import prepare as preparing
    from trainers.data import prepared_folder
    from trainers.data.mapping import shape_of
    from trainers.data.splits import Shares
    from trainers.data.summary import lines

    told = shape_of(**shape)
    shares = Shares.parse(split)
    files = tuple(file for path in files for file in with_texts(path))
    prepared_folder.check_folder(output, files, overwrite)
    prepared = preparing.prepare(files, told, shares, drops_sensitive=drop_flagged)
    prepared_folder.write(prepared, output)
    if is_json:
        say_document({"output": output, **prepared_folder.metadata(prepared)})
        return
    _say(lines(prepared, output))


@command.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILES)
@click.option("--task", "name", metavar="TASK", required=True, help="Task that the rows teach.")
@tasks_dir_option
@json_option
def check(files: tuple[Path, ...], name: str, tasks_dir: Path | None, is_json: bool) -> None:
    """Look at the rows of FILE... for the faults that a training loss does not show.

    Prompts with two answers, answers that the task's own behaviors reject, the task's cases among
    the rows, lengths, and how even the answers are.

    Exit code 0 when the rows have no fault, 1 when they have some.
    """
    from trainers.data import check as checking
    from trainers.data.check_lines import check_lines

    task = task_named(name, tasks_dir)
    found = checking.check(files, task)
    if is_json:
        say_document({"task": task.name, **checking.values_of(found)})
    else:
        _say(check_lines(found, task))
    if not found.is_sound:
        raise SystemExit(FAULTS)


@command.command()
@click.argument("name", metavar="TASK")
@click.option(
    "-o",
    "output",
    metavar="DIR",
    type=FILES,
    help="Folder to write. [default: data/TASK]",
)
@click.option(
    "--rows", type=click.IntRange(10), default=2000, show_default=True, help="Rows of all splits."
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--overwrite", is_flag=True, help="Replace rows of another origin that stand in DIR.")
@json_option
def example(
    name: str, output: Path | None, rows: int, seed: int, overwrite: bool, is_json: bool
) -> None:
    """Write training rows for the example task TASK, which the bundled recipes name.

    They are generated from a seed: train.jsonl, val.jsonl and test.jsonl, of which no row is like a
    case of the task.
    """
    folder = output or Path("data") / name
    if not overwrite:
        _require_generated(folder)
    made = _generated(name, rows, seed, folder)
    if is_json:
        say_document({"output": folder, **made})
        return
    counts = ", ".join(f"{split} {count:,}" for split, count in made["rows"].items())
    _say([("written", f"{folder}: {counts}")])


def _require_generated(folder: Path) -> None:
    """Refuse to replace rows that came from elsewhere, which nothing here could make again."""
    from harness.core.errors import HarnessError
    from harness.files.strict_json import UnreadableFile, read_object

    try:
        is_generated = "generator_version" in read_object(folder / "metadata.json")
    except UnreadableFile:
        is_generated = False
    there = [name for name in SPLITS if (folder / f"{name}.jsonl").exists()]
    if there and not is_generated:
        raise HarnessError(
            f"{folder / there[0]}.jsonl: holds rows that were not generated, name another folder "
            "after -o or add --overwrite"
        )


def _generated(name: str, rows: int, seed: int, folder: Path) -> dict[str, Any]:
    """What the generators that came along wrote.

    Raises:
        HarnessError: there is no such task, or the folder cannot be written.
    """
    import importlib
    import sys

    from harness.core.errors import HarnessError
    from harness.core.suggestion import did_you_mean
    from harness.files.starter import starter_root

    root = str(starter_root())
    if root not in sys.path:
        sys.path.insert(0, root)
    tasks = importlib.import_module("fixtures.datasets.cases").TASKS
    if name not in tasks:
        hint = did_you_mean(name, tasks, f"there are {', '.join(tasks)}")
        raise HarnessError(f"{name}: no example task, {hint}")
    writing = importlib.import_module("fixtures.datasets.writing")
    try:
        made: dict[str, Any] = writing.write_dataset(name, rows, seed, folder)
    except OSError as error:
        raise HarnessError(f"{folder}: cannot be written ({error.strerror})") from None
    return made


@command.command("task")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILES)
@click.option("--task", "name", metavar="TASK", required=True, help="Task that the rows teach.")
@click.option("-o", "output", metavar="DIR", required=True, type=FILES, help="A folder of tasks.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="At most so many of the rows.")
@tasks_dir_option
@click.option("--overwrite", is_flag=True, help="Replace the task that stands in DIR.")
@json_option
def rows_as_task(
    files: tuple[Path, ...],
    name: str,
    output: Path,
    limit: int | None,
    tasks_dir: Path | None,
    overwrite: bool,
    is_json: bool,
) -> None:
    """Write DIR/TASK: the task with the rows of FILE... for its cases, so that a model can be asked
    training prompts, and its answers mined.

    Rows that are like a case of a task of the project are left out, each prompt stands once.

    \b
    harness data task data/train.jsonl --task json_extraction -o training --limit 300
    pytest suites/ --tasks-dir training --task json_extraction --model adapter:out/weak
    harness mine latest --tasks-dir training --references data/train.jsonl -o pairs.jsonl
    """
    from harness.core.errors import HarnessError
    from harness.run.settings import project_settings
    from harness.tasks.task import find_tasks
    from trainers.data.reading import read_rows
    from trainers.improve import training_prompts

    folder = tasks_dir or Path(project_settings().tasks_dir)
    task = task_named(name, folder)
    training_prompts.require_room(output, task, overwrite=overwrite)
    rows = [row for file in files for row in read_rows(file)[0]]
    prompts = training_prompts.without_cases(rows, find_tasks(folder), limit)
    if not prompts.rows:
        raise HarnessError(f"all rows of {files[0]} are like cases of a task, name others")
    training_prompts.write_task(prompts, task, output)
    if is_json:
        counts = {"read": len(rows), "left_out": prompts.left_out, "cases": len(prompts.rows)}
        say_document({"output": output / name, "task": name, **counts})
        return
    given = ", ".join(str(file) for file in files)
    references = " ".join(f"--references {file}" for file in files)
    are_cases = "row that is" if prompts.left_out == 1 else "rows that are"
    left_out = [("left out", f"{prompts.left_out:,} {are_cases} like a case of a task")]
    _say([
        ("read", f"{given}: {len(rows):,} rows"),
        *(left_out if prompts.left_out else []),
        ("written", f"{output / name}: {len(prompts.rows):,} cases"),
        ("next", f"pytest suites/ --tasks-dir {output} --task {name} --model REF"),
        ("", f"harness mine latest --tasks-dir {output} {references} -o pairs.jsonl"),
    ])  # fmt: skip


def _say(pairs: list[tuple[str, str]]) -> None:
    from harness.report.console.output import say

    width = max(len(name) for name, _ in pairs)
    say(*(f"{name:<{width}}  {text}" for name, text in pairs))
