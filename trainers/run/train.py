"""Trains one adapter from a recipe: the steps that every method shares, in order.

Cheap checks come first: recipe, paths and rows before torch is imported, the base before the output
folder is created. A method's own file reads and encodes its rows and builds its trainer; see
``trainers.run.job.Method``.
"""

import importlib
import io
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from rich.console import Console

from harness.core.errors import HarnessError
from harness.core.extras import require
from harness.engine.openmp import bound_spinning
from harness.files.project import project_folder
from harness.report.words.numbers import plural
from trainers.data.rows import DataFile
from trainers.data.turns import every_answer
from trainers.output.checkpoints import how_to_go_on
from trainers.output.folder import is_finished, partial_folder
from trainers.recipes.load import RecipeFile, WrongRecipe, load
from trainers.run.announce import closing, memory, opening, say
from trainers.run.job import Method, RecipeRows
from trainers.run.memory_plan import expected
from trainers.run.preflight import PACKAGES, check, missing_files, with_fallback, with_task_template
from trainers.run.processes import processes_here, said_once, take_own_device
from trainers.run.quiet import quiet

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 and SIGINT's number, as shells count."""


def train(
    recipe: str,
    overrides: Sequence[str] = (),
    *,
    overwrite: bool = False,
    resume: bool = False,
    dry_run: bool = False,
    console: Console | None = None,
) -> None:
    """Train the adapter that ``recipe`` (a path, or a bundled recipe's name) describes.

    Args:
        overrides: ``key=value``, with dots into sections.
        overwrite: replace an adapter that stands in the output folder.
        resume: go on from the newest checkpoint of the recipe's output, if there is one.
        dry_run: show what would be trained, take the first steps, and keep nothing.

    Raises:
        HarnessError: the user's input is wrong, training diverged or the folder cannot be written.
        SystemExit: Ctrl-C.
    """
    processes = processes_here()
    take_own_device(processes)
    bound_spinning()
    console = console or Console(highlight=False)
    if processes.rank:
        console = Console(file=io.StringIO())  # The first one prints.
    with said_once(processes):
        file = with_fallback(_loaded(recipe, overrides))
        output = Path(file.recipe.output)
        if resume and is_finished(output):
            say(console, [("finished", f"{output} holds the adapter, nothing is left to train")])
            return
        task = check(file, overwrite=overwrite, resume=resume)
        file = with_task_template(file, task)
        method = cast(Method, importlib.import_module(f"trainers.{file.recipe.method}"))
        rows = read(file, method)
    try:
        with quiet() as warnings:
            # These import torch, and must come after quiet().
            from trainers.run import loop
            from trainers.run.dry_run import show_dry_run
            from trainers.run.exchange import joined
            from trainers.run.prepare import prepare

            with joined(processes) as exchange:
                with console.status("opening the base"):
                    opened = partial(prepare, file, method, rows, task, exchange)
                    job, base_folder = exchange.together(opened)
                    job = replace(job, notes=(*job.notes, *_earlier(rows), *_leaks(rows)))
                estimate = expected(job)
                say(console, [*opening(job, rows), *memory(estimate)])
                if dry_run:
                    show_dry_run(method, rows, job, console)
                    return
                result = loop.train_job(
                    file, method, rows, job, base_folder, console, warnings, resume=resume
                )
        say(console, closing(job.recipe.output, result, warnings, estimate))
    except KeyboardInterrupt as stop:
        after = str(stop) or "before the first step"
        say(console, [("stopped", f"{after}, {_left(output)}")])
        raise SystemExit(INTERRUPTED) from None


def _earlier(rows: RecipeRows) -> list[str]:
    count = len(rows.train) - sum(file.rows for file in rows.train_files)
    return [f"{plural(count, 'earlier answer')} of conversations: rows of their own"] * (count > 0)


def watch_checkpoints(
    folder: Path, overrides: Sequence[str], *, once: bool, console: Console
) -> None:
    """Judge the checkpoints of a training into ``folder``; see ``trainers.run.watch_only``.

    Raises:
        HarnessError: they cannot be judged.
        SystemExit: Ctrl-C.
    """
    require("training", *PACKAGES, extra="train")
    bound_spinning()
    try:
        with quiet():
            # It imports torch, and must come after quiet().
            from trainers.run.watch_only import watch

            watch(folder, overrides, console, once=once)
    except KeyboardInterrupt:
        say(console, [("stopped", "the training goes on, what was judged is kept")])
        raise SystemExit(INTERRUPTED) from None


def _loaded(recipe: str, overrides: Sequence[str]) -> RecipeFile:
    """The recipe; where it has mistakes, they are said with those of the files that it names."""
    try:
        return load(recipe, overrides)
    except WrongRecipe as wrong:
        more = missing_files(with_fallback(wrong.right)) if wrong.right else []
        raise HarnessError(*wrong.mistakes, *more) from None


def _leaks(rows: RecipeRows) -> list[str]:
    # It reads the project's tasks: what is wrong with a recipe is said without their imports.
    from trainers.data.leaks import leak_notes

    prompts, places = [r.prompt for r in rows.train], [r.where for r in rows.train]
    return leak_notes(prompts, places, project_folder(Path.cwd()))


def _left(output: Path) -> str:
    """What an interrupted training has left."""
    return how_to_go_on(partial_folder(output)) or f"nothing was written to {output}"


def read(file: RecipeFile, method: Method) -> RecipeRows:
    """Read all rows of the recipe; the mistakes of all its files are one error."""
    data = file.recipe.data
    train, train_files, mistakes = _read_files(method, data.train, data.limit)
    val, val_files, more = _read_files(method, data.val, None)
    if mistakes or more:
        raise HarnessError(*mistakes, *more)
    if data.train_on == "every_answer":
        train, val = every_answer(train), every_answer(val)
    return RecipeRows(tuple(train), tuple(val), tuple(train_files), tuple(val_files))


def _read_files(
    method: Method, names: Sequence[str], limit: int | None
) -> tuple[list[Any], list[DataFile], list[str]]:
    rows: list[Any] = []
    files: list[DataFile] = []
    mistakes: list[str] = []
    for name in names:
        left = None if limit is None else limit - len(rows)
        if left == 0:
            break
        try:
            found, file = method.read(Path(name), left)
        except HarnessError as error:
            mistakes += error.mistakes
            continue
        rows += found
        files.append(file)
    return rows, files, mistakes
