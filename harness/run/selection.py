"""Selects the models and tasks of a session: the command line takes precedence over settings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from harness import backends
from harness.core.case import Case
from harness.core.errors import HarnessError
from harness.core.extras import require
from harness.core.modelref import ModelRef
from harness.core.template_arguments import parse_arguments
from harness.engine.model import AnsweredCases, EngineSettings
from harness.files.paths import short_path
from harness.run.constrained import constrained
from harness.run.failed_cases import FailedCases
from harness.run.model_patterns import models_named
from harness.run.settings import TABLE, Settings, from_root
from harness.tasks.task import Task, find_tasks

NO_MODEL = f"no model: say --model kind:location, or list models in [{TABLE}] of pyproject.toml"
_SERVED = (
    "--decode constrained is for models that are opened, leave it out; +schema=FILE in the ref has "
    "the server hold answers to a schema"
)


@dataclass(frozen=True, slots=True)
class Choices:
    """Options of the command line; empty or ``None`` leaves the choice to settings and tasks."""

    models: tuple[str, ...] = ()
    answered: tuple[tuple[ModelRef, tuple[str, ...]], ...] = ()
    """Models whose answers are there, with their tasks: in place of all other models."""
    tasks: tuple[str, ...] = ()
    tasks_dir: str | None = None
    cases: tuple[str, ...] = ()
    limit: int | None = None
    failed_of: str | None = None
    """A stored run, of which only the cases that it did not pass are asked."""
    report_dir: str | None = None
    """Folder of stored runs, in place of the settings'."""
    seed: int | None = None
    temperature: float | None = None
    template: tuple[str, ...] = ()
    """Arguments of the chat template, ``name=value``, which go before the tasks' own."""
    repeats: int = 1
    is_constrained: bool = False
    """Answers of tasks with ``format: json`` keep to a grammar."""
    has_logprobs: bool = False
    """Answers come with their tokens' log-probabilities."""
    engine: EngineSettings = backends.DEFAULTS
    """Settings for opening models."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The subject of one test: a model on a task, or on one case of it."""

    ref: ModelRef
    task: Task
    case_id: str | None = None
    answered: AnsweredCases | None = None
    """The only cases that a stored run can be asked; ``None``: the model answers any."""

    @property
    def is_of_a_part(self) -> bool:
        """True where the answers are of a run that was ended early, as this one then is, too."""
        return self.answered is not None and not self.answered.is_whole

    def asks(self, case: Case) -> bool:
        """True where the model can be asked the case of the subject's task."""
        return self.answered is None or self.answered.has(self.task.name, case.id)

    @property
    def label(self) -> str:
        """The test's id in pytest's brackets."""
        label = f"{self.task.name}-{self.ref}"
        return label if self.case_id is None else f"{label}-{self.case_id}"


class CaseSource(Protocol):
    """Replaces the cases of tasks."""

    has_none: str
    """Message for a task without replacement cases."""

    def cases_of(self, task: Task) -> Task | None:
        """The task with its replacement cases; ``None`` where there are none."""
        ...


def choose(
    root: Path, settings: Settings, choices: Choices, source: CaseSource | None = None
) -> tuple[Subject, ...]:
    """Every model on each of its tasks, models in the order of the command line.

    With a ``source``, cases come from it, and tasks without cases are left out.

    Raises:
        HarnessError: every mistake in options and settings, a line each.
    """
    mistakes: list[str] = []
    tasks: tuple[Task, ...] = ()
    models: tuple[tuple[ModelRef, tuple[str, ...] | None], ...] = ()
    stored: dict[ModelRef, AnsweredCases] = {}
    try:
        models = _models(root, settings, choices)
        stored = {} if choices.answered else _stored(models)
    except HarnessError as error:
        mistakes += error.mistakes
    try:
        only = [*stored.values()] if models and len(stored) == len(models) else None
        tasks = _tasks(root, settings, choices, source, only)
    except HarnessError as error:
        mistakes[:0] = error.mistakes
    if choices.is_constrained:
        mistakes += [f"--model {ref}: {_SERVED}" for ref, _ in models if backends.is_served(ref)]
    if mistakes:
        raise HarnessError(*mistakes)
    subjects = tuple(
        Subject(ref, task, answered=stored.get(ref))
        for ref, own in models
        for task in tasks
        if own is None or task.name in own or task.file.kept
    )
    return _with_answers(subjects, choices)


def _stored(
    models: Sequence[tuple[ModelRef, tuple[str, ...] | None]],
) -> dict[ModelRef, AnsweredCases]:
    """The models that can be asked some cases only."""
    found = {ref: backends.answered_cases(ref) for ref, _ in models}
    return {ref: cases for ref, cases in found.items() if cases is not None}


def _with_answers(subjects: Sequence[Subject], choices: Choices) -> tuple[Subject, ...]:
    """The subjects with a case that the model can be asked.

    Raises:
        HarnessError: a model has none of any task, or of a task that was named.
    """
    kept = tuple(s for s in subjects if any(map(s.asks, s.task.cases)))
    missed = [s for s in subjects if s not in kept]
    mistakes = []
    for ref in dict.fromkeys(s.ref for s in missed):
        names = [s.task.name for s in missed if s.ref == ref]
        if all(s.ref != ref for s in kept) or any(name in choices.tasks for name in names):
            mistakes.append(
                f"--model {ref}: the stored run has no answer to the chosen cases of "
                f"{', '.join(names)}: choose others with --task, or name the model itself"
            )
    if mistakes:
        raise HarnessError(*mistakes)
    return kept


def _models(
    root: Path, settings: Settings, choices: Choices
) -> tuple[tuple[ModelRef, tuple[str, ...] | None], ...]:
    if choices.answered:
        return choices.answered
    asked: list[tuple[str, tuple[str, ...] | None]] = [(text, None) for text in choices.models]
    wanted = asked or [(from_root(root, m.ref), m.tasks) for m in settings.models]
    if not wanted:
        raise HarnessError(NO_MODEL)
    mistakes: list[str] = []
    models: dict[ModelRef, tuple[str, ...] | None] = {}
    for text, tasks in wanted:
        try:
            for ref in models_named(ModelRef.parse(text)):
                backends.preflight(ref, choices.engine, is_opened=False)
                models[ref] = tasks
        except HarnessError as error:
            mistakes += error.mistakes
    if mistakes:
        raise HarnessError(*mistakes)
    return tuple(models.items())


def _tasks(
    root: Path,
    settings: Settings,
    choices: Choices,
    source: CaseSource | None,
    only: Sequence[AnsweredCases] | None,
) -> tuple[Task, ...]:
    """The chosen tasks with their chosen cases: of those that ``only`` have, where it is given."""
    folder = short_path(Path(choices.tasks_dir or root / settings.tasks_dir))
    found = find_tasks(folder, choices.tasks)
    if source is not None:
        found = _from_source(found, choices, source)
    if choices.failed_of is not None:
        report_dir = Path(choices.report_dir or root / settings.report_dir)
        found = _failed_only(found, choices.failed_of, report_dir)
    known = {case.id for task in found for case in task.cases}
    if only is not None:
        found = tuple(_answered_only(task, only) for task in found)
    tasks = tuple(_adjusted(task, choices) for task in found)
    if choices.is_constrained:
        require("--decode constrained", "llguidance")
        tasks = constrained(tasks)
    greedy = [task.name for task in tasks if task.sampling.temperature == 0]
    if choices.repeats > 1 and greedy:
        raise HarnessError(
            f"--repeats {choices.repeats}: at temperature 0 every answer to a case is the same, in "
            f"{', '.join(greedy)}: add --temperature 0.7, or choose other tasks with --task"
        )
    if choices.cases:
        unknown = [case_id for case_id in choices.cases if case_id not in known]
        if unknown:
            raise HarnessError(f"--case {unknown[0]}: no chosen task has such a case")
    return tuple(task for task in tasks if task.cases or only is not None)


def _answered_only(task: Task, only: Sequence[AnsweredCases]) -> Task:
    """The task with the cases that any of the stored runs answered."""
    cases = tuple(c for c in task.cases if any(has.has(task.name, c.id) for has in only))
    return replace(task, cases=cases, is_selected=task.is_selected or len(cases) < len(task.cases))


def _failed_only(tasks: Sequence[Task], run: str, report_dir: Path) -> tuple[Task, ...]:
    failed = FailedCases.of(run, report_dir)
    found = tuple(
        replace(task, cases=failed.among(task.name, task.cases), is_selected=True) for task in tasks
    )
    if not any(task.cases for task in found):
        raise HarnessError(f"--failed-of {run}: no case of the chosen tasks failed there")
    return tuple(task for task in found if task.cases)


def _from_source(tasks: Sequence[Task], choices: Choices, source: CaseSource) -> tuple[Task, ...]:
    given = {task.name: source.cases_of(task) for task in tasks}
    missing = [name for name, task in given.items() if task is None]
    if choices.tasks and missing:
        raise HarnessError(*(f"--task {name}: {source.has_none}" for name in missing))
    if len(missing) == len(given):
        raise HarnessError(f"{', '.join(missing)}: {source.has_none}")
    return tuple(task for task in given.values() if task is not None)


def _adjusted(task: Task, choices: Choices) -> Task:
    """The task with the decoding and the cases that the command line selects."""
    changes = {
        name: value
        for name in ("seed", "temperature")
        if (value := getattr(choices, name)) is not None
    }
    return replace(
        task,
        sampling=replace(task.sampling, **changes),
        template={**task.template, **parse_arguments(choices.template)},
        repeats=choices.repeats,
        has_logprobs=choices.has_logprobs,
        cases=_selected(task.cases, choices),
        is_selected=task.is_selected or bool(choices.cases or choices.limit is not None),
    )


def _selected(cases: Sequence[Case], choices: Choices) -> tuple[Case, ...]:
    chosen = [case for case in cases if not choices.cases or case.id in choices.cases]
    return tuple(chosen[: choices.limit])
