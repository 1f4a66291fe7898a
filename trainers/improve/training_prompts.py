"""The training prompts of a round, as a task of their own, and the rows mined of the answers.

They are rows of the recipe that are no case of a task.
"""

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.case import ToolTurn
from harness.core.errors import HarnessError
from harness.core.record import RunRecord
from harness.files.atomic import write_whole
from harness.tasks.task import CASES_FILE, Task, load_task
from trainers.data.judged_answers import answers_of_run
from trainers.data.leaks import find_leaks
from trainers.data.mining import (
    by_prompt,
    mine_examples,
    mine_pairs,
    sampled,
    with_references,
)
from trainers.data.reading import shortened
from trainers.data.row_case import cases_of
from trainers.data.row_text import plain_value, prompt_key
from trainers.data.rows import TrainingRow
from trainers.improve.choice import Material


@dataclass(frozen=True, slots=True)
class TrainingPrompts:
    """The rows of one round."""

    rows: tuple[TrainingRow, ...]
    left_out: int
    """Rows that are like a case of a task."""


def window(rows: Sequence[TrainingRow], number: int, size: int) -> list[TrainingRow]:
    """The rows of a round: the next ``size`` of them, from the beginning again at the end."""
    start = (number - 1) * size
    places = range(start, start + min(size, len(rows)))
    return [rows[place % len(rows)] for place in places]


def without_cases(
    rows: Sequence[TrainingRow], tasks: Iterable[Task], limit: int | None = None
) -> TrainingPrompts:
    """The rows that the leak check does not find to be a case, each prompt once.

    Args:
        limit: the most rows.
    """
    require_plain(rows)
    distinct = list({prompt_key(row): row for row in rows}.values())
    leaks = find_leaks([row.prompt for row in distinct], tasks)
    own = {row for leak in leaks for row in leak.rows}
    kept = tuple(row for place, row in enumerate(distinct) if place not in own)
    return TrainingPrompts(kept[:limit], len(own))


def require_plain(rows: Iterable[TrainingRow]) -> None:
    """
    Raises:
        HarnessError: a prompt has calls or results of tools, which a case cannot have.
    """
    found = [
        f"{row.where}: has calls of tools before its answer, which a case of a task cannot have: "
        "leave the row out"
        for row in rows
        if any(isinstance(message, ToolTurn) for message in row.prompt)
    ]
    if found:
        raise HarnessError(*shortened(found))


def require_room(tasks_dir: Path, task: Task, *, overwrite: bool) -> None:
    """Check that the task may be written into ``tasks_dir``.

    Raises:
        HarnessError: it is the task's own folder, or one that may not be replaced is there.
    """
    folder = tasks_dir / task.name
    if folder.resolve() == task.path.resolve():
        raise HarnessError(f"{folder}: is the task itself, name another folder of tasks")
    if folder.exists() and not overwrite:
        raise HarnessError(f"{folder}: is there already, --overwrite replaces it")


def write_task(prompts: TrainingPrompts, task: Task, tasks_dir: Path) -> None:
    """Write the task with the rows for its cases into ``tasks_dir``, and what lies beside it."""
    folder = tasks_dir / task.name
    others = shutil.ignore_patterns(CASES_FILE)
    shutil.copytree(task.path, folder, ignore=others, dirs_exist_ok=True)
    write_whole(folder / CASES_FILE, (f"{json.dumps(case)}\n" for case in _cases(prompts, task)))


def _cases(prompts: TrainingPrompts, task: Task) -> Iterator[dict[str, Any]]:
    for case in cases_of(prompts.rows, task)[1]:
        yield {
            "id": case.id,
            "messages": [{"role": m.role, "content": m.content} for m in case.messages],
            "reference": case.reference,
            **json.loads(case.declared or "{}"),
        }


def mined(
    record: RunRecord, prompts: TrainingPrompts, tasks_dir: Path, behaviors: tuple[str, ...]
) -> Material:
    """The rows that the only model's answers give.

    Args:
        behaviors: those that an answer has to pass beside the required ones.
    """
    (model,) = record.models
    (name,) = (task.name for task in record.tasks)
    task = load_task(tasks_dir / name)
    every = tuple(dict.fromkeys((*task.required, *behaviors)))
    answers = answers_of_run(record, model.ref, {name: task}, behaviors=every)
    groups = by_prompt(with_references(answers, prompts.rows), every)
    return Material(sampled(groups), mine_examples(groups), mine_pairs(groups))


def write_rows(method: str, material: Material, prompts: TrainingPrompts, path: Path) -> int:
    """Write the rows that a method trains on, and return their number."""
    rows = {
        "rft": material.passing.rows,
        "dpo": material.pairs.rows,
        "grpo": [plain_value(row) for row in prompts.rows],
    }[method]
    write_whole(path, (f"{json.dumps(row)}\n" for row in rows))
    return len(rows)
