"""Reads what an improvement starts from, finds its mistakes before anything is asked, and holds it
to the settings that it was begun with."""

import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from harness.core.errors import HarnessError
from harness.files.atomic import write_whole
from harness.run.settings import Settings
from harness.tasks.task import find_task, find_tasks
from trainers import sft
from trainers.improve.goals import goals_of
from trainers.improve.rounds import Improvement
from trainers.recipes.load import RecipeFile, load
from trainers.run.job import Method
from trainers.run.preflight import check, with_fallback
from trainers.run.train import read

PLAN = "improve.json"


@dataclass(frozen=True, slots=True)
class Sizes:
    """The numbers of a loop: see ``Improvement``."""

    rounds: int
    prompts: int
    answers: int


def improvement(
    recipe: str,
    overrides: Sequence[str],
    task: str,
    goals: Sequence[str],
    sizes: Sizes,
    settings: Settings,
) -> Improvement:
    """The loop that a recipe and a task describe.

    Args:
        recipe: a path, or a bundled recipe's name.
        goals: ``NAME=RATE``; without any, the task's budgets.

    Raises:
        HarnessError: the user's input is wrong, or the output folder holds another loop.
    """
    file = with_fallback(load(recipe, overrides))
    tasks = find_tasks(Path(settings.tasks_dir))
    own = find_task(Path(settings.tasks_dir), task)
    method = importlib.import_module(f"trainers.{file.recipe.method}")
    if method.read is not sft.read:
        raise HarnessError(
            f"{file.where('method')}: {file.recipe.method} reads no rows of prompt and completion, "
            "from which a round takes its prompts; write method: sft, each round chooses its own"
        )
    if not (Path(file.recipe.output) / PLAN).is_file():
        _require_trainable(file)
    loop = Improvement(
        recipe=file.recipe,
        task=own,
        tasks=tasks,
        rows=read(file, cast(Method, method)).train,
        goals=goals_of(own, goals),
        rounds=sizes.rounds,
        prompts=sizes.prompts,
        answers=sizes.answers,
        policy=settings.gate,
    )
    _hold(loop)
    return loop


def _require_trainable(file: RecipeFile) -> None:
    """Find what would stop the training of the first round, before its prompts are answered."""
    output = Path(file.recipe.output) / "round-1" / "adapter"
    first = file.recipe.model_copy(update={"output": str(output)})
    check(replace(file, recipe=first), overwrite=False, resume=True)


def _hold(loop: Improvement) -> None:
    """Keep the loop's settings in its folder, or compare them with those there.

    Raises:
        HarnessError: they differ: the level of each gate was chosen for the ones it began with.
    """
    path, own = loop.folder / PLAN, json.loads(json.dumps(_settings(loop)))
    if not path.is_file():
        if loop.folder.exists() and any(loop.folder.iterdir()):
            raise HarnessError(f"{loop.folder}: holds something else, name another output")
        loop.folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, [json.dumps(own, indent=1), "\n"])
        return
    begun = json.loads(path.read_text("utf-8"))
    if other := [name for name, value in own.items() if begun.get(name) != value]:
        raise HarnessError(
            f"{path}: was begun with another {' and '.join(other)}: go on with the same, or name "
            "another output"
        )


def _settings(loop: Improvement) -> Mapping[str, Any]:
    return {
        "recipe": loop.recipe.model_dump(mode="json"),
        "cases": loop.task.cases_sha256,
        "goals": dict(loop.goals),
        "rounds": loop.rounds,
        "prompts": loop.prompts,
        "answers": loop.answers,
        "gate": loop.policy.model_dump(mode="json"),
    }
