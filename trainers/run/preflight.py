"""Finds every mistake that would stop a training, before torch is imported."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.errors import HarnessError
from harness.core.extras import is_installed, missing
from harness.core.record import FORMAT_SUCCESS
from harness.core.suggestion import did_you_mean
from harness.model_files.folders import ADAPTER_CONFIG, CONFIG, check_adapter, check_whole_model
from harness.model_files.hub import local_copy
from trainers.output.folder import mistake_in
from trainers.recipes.load import RecipeFile
from trainers.recipes.reporters import missing as missing_reporters

if TYPE_CHECKING:
    # Tasks bring the checks along: what is wrong with a recipe without one is said before.
    from harness.tasks.task import Task

PACKAGES = ("torch", "transformers", "peft", "trl", "datasets", "accelerate", "safetensors")


def with_fallback(file: RecipeFile) -> RecipeFile:
    """The recipe with ``fallback_base`` for its base, where that is not there."""
    recipe = file.recipe
    if recipe.fallback_base is None or Path(recipe.base).exists() or local_copy(recipe.base):
        return file
    note = f"base: {recipe.base} is not there, so {recipe.fallback_base} is trained instead"
    changed = recipe.model_copy(update={"base": recipe.fallback_base})
    return replace(file, recipe=changed, notes=(*file.notes, note))


def with_task_template(file: RecipeFile, task: "Task | None") -> RecipeFile:
    """The recipe with the task's arguments of the chat template: its suites ask with them, so a
    model is trained with them.

    Raises:
        HarnessError: the recipe has others.
    """
    if task is None or dict(file.recipe.template) == dict(task.template):
        return file
    asked = json.dumps(dict(task.template))
    if file.recipe.template:
        raise HarnessError(
            f"{file.where('template')}: is {json.dumps(dict(file.recipe.template))}, but the "
            f"suites of {task.name} ask with {asked}: write that, or leave template out"
        )
    changed = file.recipe.model_copy(update={"template": dict(task.template)})
    note = f"template: {asked}, with which {task.name} asks"
    return replace(file, recipe=changed, notes=(*file.notes, note))


def check(file: RecipeFile, *, overwrite: bool, resume: bool) -> "Task | None":
    """The recipe's task, once nothing is found that would stop the training.

    Raises:
        HarnessError: a line for every mistake found.
    """
    recipe = file.recipe
    inputs = (
        *map(Path, (recipe.base, recipe.adapter or recipe.base)),
        *map(Path, (*recipe.data.train, *recipe.data.val)),
    )
    found = [*_packages(file), *missing_files(file)]
    task = None
    try:
        task = _task(file)
    except HarnessError as error:
        found += error.mistakes
    found += _select(file, task)
    if mistake := mistake_in(Path(recipe.output), inputs, overwrite=overwrite, resume=resume):
        found.append(f"{file.where('output')}: {mistake}")
    if found:
        raise HarnessError(*found)
    return task


def missing_files(file: RecipeFile) -> list[str]:
    """A line for each of base, adapter and data that is not there, or is something else."""
    return [*_base(file), *_adapter(file), *_data(file)]


def _packages(file: RecipeFile) -> Iterator[str]:
    if lacking := [name for name in PACKAGES if not is_installed(name)]:
        yield from missing("training", *lacking, extra="train").mistakes
    quantize, optim = file.recipe.quantize, file.recipe.optim
    needing: list[tuple[str, str]] = []
    if not optim.startswith("adamw_torch"):
        needing.append(("optim", optim))
    if quantize != "none" and not file.recipe.quantize_fallback:
        needing.append(("quantize", quantize))
    if not is_installed("bitsandbytes"):
        for key, value in needing:
            yield from missing(f"{file.where(key)}: {value}", "bitsandbytes").mistakes
    for name, pip in missing_reporters(file.recipe.report_to or ()):
        where = file.where("report_to")
        yield f"{where}: {name} is not installed, install it with: pip install {pip}"


def _base(file: RecipeFile) -> list[str]:
    recipe, where = file.recipe, file.where("base")
    folder = Path(recipe.base)
    if (folder / ADAPTER_CONFIG).is_file() and not (folder / CONFIG).is_file():
        return [f"{where}: {recipe.base} is an adapter, name the whole model it belongs to"]
    try:
        check_whole_model(where, recipe.base)
    except HarnessError as error:
        return [*error.mistakes]
    return []


def task_to_watch(file: RecipeFile) -> "Task":
    """The task by which checkpoints of a training are judged.

    Raises:
        HarnessError: the recipe names none, or no held-out rows.
    """
    found = [f"{file.where('data.val')}: {name} is not there" for name in file.recipe.data.val
             if not Path(name).is_file()]  # fmt: skip
    for key, value in (("task", file.recipe.task), ("data.val", file.recipe.data.val)):
        if not value:
            found.append(f"{file.path}: has no {key}, say --set {key}=..., by which to judge")
    if found:
        raise HarnessError(*found)
    task = _task(file)
    assert task is not None, "the recipe names one"
    return task


def _task(file: RecipeFile) -> "Task | None":
    """The task by whose behaviors answers are judged; ``None`` where the recipe names none.

    Raises:
        HarnessError: there is no such task, or it is broken.
    """
    name = file.recipe.task
    if name is None:
        return None
    from harness.run.settings import project_settings
    from harness.tasks.task import TASK_FILE, find_task, load_task

    if (Path(name) / TASK_FILE).is_file():
        return load_task(Path(name))
    try:
        return find_task(Path(project_settings().tasks_dir), name)
    except HarnessError as error:
        raise HarnessError(*(f"{file.where('task')}: {m}" for m in error.mistakes)) from None


def _select(file: RecipeFile, task: "Task | None") -> list[str]:
    by = file.recipe.select
    if by in (None, "eval_loss") or task is None:
        return []
    from harness.tasks.judging import applying_checks

    judged = [FORMAT_SUCCESS, *applying_checks(task)]
    if by in judged:
        return []
    hint = did_you_mean(str(by), [*judged, "eval_loss"], f"it judges {', '.join(judged)}")
    return [f"{file.where('select')}: {by} is no behavior that {task.name} judges, {hint}"]


def _adapter(file: RecipeFile) -> list[str]:
    if file.recipe.adapter is None:
        return []
    try:
        check_adapter(file.where("adapter"), file.recipe.adapter)
    except HarnessError as error:
        return [*error.mistakes]
    return []


def _data(file: RecipeFile) -> list[str]:
    data = file.recipe.data
    found = []
    for key, names in (("data.train", data.train), ("data.val", data.val)):
        for name in names:
            if Path(name).is_dir():
                found.append(f"{file.where(key)}: {name} is a folder, name the file in it")
            elif not Path(name).is_file():
                hint = f", make it with: {data.make}" if data.make else ", correct the path"
                found.append(f"{file.where(key)}: there is no file {name}{hint}")
    return found
