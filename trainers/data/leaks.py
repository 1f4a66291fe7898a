"""Finds training rows that are cases of the suites, and keeps a sketch of the rows for later.

A row is a case where its user's words are the case's: exactly, in all words, or nearly. See
``harness.model_files.training_sketch``, which an evaluation asks weeks later.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.core.case import Message
from harness.core.errors import HarnessError
from harness.files.atomic import replaced
from harness.model_files.training_sketch import FILE, Likeness, TrainingSketch, trained_cases
from harness.report.words.numbers import plural
from harness.run.settings import read_settings
from harness.tasks.task import Task, find_tasks
from trainers.data.row_text import user_text

Prompt = tuple[Message, ...] | str


@dataclass(frozen=True, slots=True)
class Leak:
    """A case of a task that is among the training rows."""

    task: str
    case_id: str
    rows: tuple[int, ...]
    """Indices of the rows, the most alike first."""
    likeness: Likeness
    """Of the first row."""


def find_leaks(prompts: Sequence[Prompt], tasks: Iterable[Task]) -> list[Leak]:
    """The cases that are like a prompt, in the order of tasks and cases."""
    sketch = TrainingSketch.of([user_text(prompt) for prompt in prompts])
    return [
        Leak(task.name, task.cases[match.index].id, match.rows, match.likeness)
        for task in tasks
        for match in trained_cases(sketch, [c.prompt for c in task.cases], task.prompt_parts)
    ]


def leak_notes(prompts: Sequence[Prompt], places: Sequence[str], project: Path) -> list[str]:
    """A line for each task of the project of which cases are among the rows.

    Args:
        places: ``file:line`` of each prompt.
        project: the folder with ``pyproject.toml``, whose ``tasks_dir`` names the tasks.
    """
    try:
        tasks_dir = project / read_settings(project).tasks_dir
        tasks = find_tasks(tasks_dir) if tasks_dir.is_dir() else ()
    except HarnessError as error:
        return [f"the rows were not compared with the tasks' cases: {error.mistakes[0]}"]
    leaks = find_leaks(prompts, tasks)
    by_task = {task: [leak for leak in leaks if leak.task == task.name] for task in tasks}
    return [_note(task, found, places) for task, found in by_task.items() if found]


def _note(task: Task, leaks: Sequence[Leak], places: Sequence[str]) -> str:
    first = leaks[0]
    verb = "is" if len(leaks) == 1 else "are"
    like = {"exact": "is", "normalised": "has the words of", "near": "is nearly"}[first.likeness]
    return (
        f"{len(leaks):,} of the {plural(len(task.cases), 'case')} of {task.name} {verb} among the "
        f"training rows ({places[first.rows[0]]} {like} {first.case_id}): their rates will say "
        "nothing about new prompts, leave the rows out"
    )


def write_sketch(prompts: Iterable[Prompt], folder: Path) -> None:
    """Write the sketch of the rows with these prompts beside an adapter."""
    sketch = TrainingSketch.of([user_text(prompt) for prompt in prompts])
    with replaced(folder / FILE) as file:
        sketch.write(file)
