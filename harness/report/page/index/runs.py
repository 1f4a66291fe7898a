"""The stored runs as values of the index: one row for each model of each task of each run."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from harness.core.record import FORMAT_SUCCESS, BehaviorResult, ModelRecord, RunRecord, TaskRecord
from harness.core.selection import SelectionKey, judged_part, selection_key, selection_words
from harness.model_files.training_record import Rates
from harness.report.words import numbers as words
from harness.report.words.comparison import is_unjudged
from harness.report.words.right_answers import RIGHT_ANSWERS


@dataclass(frozen=True, slots=True)
class IndexedRun:
    """One stored run."""

    record: RunRecord
    """Without its samples."""
    address: str
    """Of its page, relative to the index; of its record where it has no page."""
    has_page: bool

    @property
    def shown(self) -> str:
        """The link in words, for a title."""
        return "" if self.has_page else f"; no page yet: harness report {self.record.id}"


@dataclass(frozen=True, slots=True)
class RunIndex:
    """All that the index shows."""

    folder: str
    runs: tuple[IndexedRun, ...]
    """Newest first."""
    older: int = 0
    """Runs that were left out, since there are so many."""
    unreadable: tuple[str, ...] = ()
    """A line for each run that is damaged."""
    trainings: Mapping[str, Rates] = field(default_factory=dict)
    """What a training watched, by the folder of its checkpoints."""


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One model of one run on one task."""

    run: IndexedRun
    model: ModelRecord
    task: TaskRecord
    results: Mapping[str, BehaviorResult]
    """By behavior."""

    @property
    def key(self) -> tuple[str, str, SelectionKey]:
        """Rows of one line over time share it: task, model, selection."""
        selection = selection_key(self.run.record, self.task, self.model)
        return self.task.name, self.model.ref, selection

    @property
    def cases(self) -> str:
        """The selection in words."""
        return selection_words(self.run.record, self.task, self.model)

    @property
    def is_complete(self) -> bool:
        return self.run.record.status == "complete"

    @property
    def created(self) -> str:
        """``2026-11-20 13:15``, UTC."""
        return self.run.record.created[:16].replace("T", " ")

    @property
    def state(self) -> str:
        """What keeps the row from being whole, or nothing; the selection is told beside it."""
        if not self.is_complete:
            return "interrupted"
        if self.model.error is not None:
            return "no completions"
        return judged_part(self.run.record, self.task, self.model)

    @property
    def missed(self) -> tuple[str, ...]:
        """Behaviors whose budget is missed."""
        return tuple(name for name, found in self.results.items() if found.met is False)

    @property
    def unjudged(self) -> tuple[str, ...]:
        """Behaviors with a budget that nothing could be held to."""
        return tuple(name for name, found in self.results.items() if is_unjudged(found))

    @property
    def is_met(self) -> bool:
        """It has budgets, and every one of them is met."""
        judged = [found.met for found in self.results.values() if found.met is not None]
        return bool(judged) and all(judged) and not self.unjudged

    def rate(self, behavior: str) -> str:
        """``96.7%``, or a dash."""
        found = self.results.get(behavior)
        return "-" if found is None or found.rate is None else words.percent(found.rate)

    @property
    def success(self) -> str:
        return self.rate(FORMAT_SUCCESS)

    @property
    def right(self) -> str:
        return self.rate(RIGHT_ANSWERS)


def rows_of(runs: Iterable[IndexedRun]) -> Iterator[IndexRow]:
    """The rows of all runs, in their order."""
    for run in runs:
        found: dict[tuple[str, str], dict[str, BehaviorResult]] = {}
        for result in run.record.results:
            found.setdefault((result.model, result.task), {})[result.behavior] = result
        for task in run.record.tasks:
            for model in run.record.models:
                own = found.get((model.ref, task.name), {})
                yield IndexRow(run, model, task, own)
