"""One session of suites: which models answer which tasks, what they answered, what was judged.

The plugin tells this file what pytest collected, asks it for completions and hands it verdicts;
this file knows nothing of pytest.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from harness.behavior import DEFAULT_BUDGET, Tally
from harness.core.completion import Completion
from harness.core.modelref import ModelRef
from harness.core.plan import GenerationPlan, Request, requests_for
from harness.core.record import BehaviorResult, ModelRecord
from harness.core.verdict import Verdict
from harness.engine.model import EngineSettings
from harness.engine.process import Generation, ModelUnopened
from harness.measurement import Latency, Memory
from harness.selection import Subject
from harness.tasks import Task

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one collected test needs generated."""

    subject: Subject
    is_timed: bool = False
    """Whether it asks for latency."""


@dataclass
class Answers:
    """What one model said, and what is known of the model."""

    model: ModelRecord
    completions: dict[str, Completion] = field(default_factory=dict)
    """By request key."""


class Progress(Protocol):
    """Told how generation goes."""

    def on_start(self, ref: ModelRef, requests: int) -> None: ...
    def on_answer(self) -> None: ...
    def on_tokens(self, count: int) -> None: ...
    def on_end(self) -> None: ...


class Session:
    """Holds everything from collection to the record."""

    def __init__(self, settings: EngineSettings, progress: Progress) -> None:
        self.settings = settings
        self.progress = progress
        self.created = datetime.now(UTC)
        self.started = time.perf_counter()
        self.plans: dict[ModelRef, GenerationPlan] = {}
        self.tasks: dict[str, Task] = {}
        self.answers: dict[ModelRef, Answers] = {}
        self.tallies: dict[tuple[ModelRef, str, str], Tally] = {}
        self.verdicts: dict[tuple[str, str, str, int], dict[str, Verdict]] = {}
        """Of each completion: by model, task, case and repeat, then by behavior."""
        self.measured: list[BehaviorResult] = []

    def plan(self, wanted: Iterable[Wanted]) -> None:
        """Work out every request of the run, before the first token."""
        for ref, of_model in _grouped(wanted, lambda w: w.subject.ref).items():
            requests: list[Request] = []
            for of_task in _grouped(of_model, lambda w: w.subject.task.name).values():
                task = of_task[0].subject.task
                self.tasks[task.name] = task
                requests += _requests(task, of_task)
            self.plans[ref] = GenerationPlan(tuple(requests))

    @property
    def fingerprint(self) -> str:
        """Of everything that was asked of any model of the run."""
        every = {r.key: r for plan in self.plans.values() for r in plan.requests}
        return GenerationPlan(tuple(every.values())).fingerprint

    def answers_of(self, ref: ModelRef) -> Answers:
        """What a model answered to the whole plan: generated once, when first asked for."""
        if ref not in self.answers:
            self.answers[ref] = Answers(ModelRecord(str(ref), ref.kind, ref.name))
            self._generate(ref, self.answers[ref])
        return self.answers[ref]

    @property
    def is_cut(self) -> bool:
        """True when a model was stopped before it had answered its plan."""
        return any(
            not answers.model.error and len(answers.completions) < len(self.plans[ref].requests)
            for ref, answers in self.answers.items()
        )

    def _generate(self, ref: ModelRef, answers: Answers) -> None:
        requests = self.plans[ref].requests
        generation = Generation(ref, self.settings, self.progress.on_tokens)
        self.progress.on_start(ref, len(requests))
        try:
            with closing(generation.answers(requests)) as stream:
                for request, completion in stream:
                    answers.completions[request.key] = completion
                    self.progress.on_answer()
        except ModelUnopened as error:
            answers.model = replace(answers.model, error=str(error))
        finally:
            answers.model = generation.model or answers.model
            self.progress.on_end()

    def completions(self, subject: Subject) -> list[Completion]:
        """The completions a subject is judged by, in the order of the task's cases."""
        answers = self.answers_of(subject.ref)
        return [
            answers.completions[request.key]
            for request in self.plans[subject.ref].for_task(subject.task.name)
            if not request.timed
            and request.key in answers.completions
            and subject.case_id in (None, request.case_id)
        ]

    def latency(self, subject: Subject) -> Latency | None:
        """The timed requests of a subject; ``None`` where the model cannot be timed."""
        answers = self.answers_of(subject.ref)
        if not answers.model.is_measurable:
            return None
        requests = self.plans[subject.ref].for_task(subject.task.name)
        timed = [answers.completions[r.key] for r in requests if r.timed]
        return Latency.of(timed)

    def memory(self, subject: Subject) -> Memory | None:
        """The peak of the model's process; ``None`` where it cannot be measured."""
        model = self.answers_of(subject.ref).model
        if not model.is_measurable or model.peak_memory_mb is None:
            return None
        return Memory(model.peak_memory_mb)

    def tally(self, subject: Subject, behavior: str, budget: float | None) -> Tally:
        """The verdicts of a behavior so far. The task's budget goes before the mark's."""
        key = (subject.ref, subject.task.name, behavior)
        if key not in self.tallies:
            least = subject.task.budgets.get(behavior, DEFAULT_BUDGET if budget is None else budget)
            self.tallies[key] = Tally(str(subject.ref), subject.task.name, behavior, least)
        return self.tallies[key]

    def judge(self, tally: Tally, completion: Completion, verdict: Verdict) -> None:
        """Keep what a behavior says of one completion."""
        tally.add(completion, verdict)
        key = (tally.model, tally.task, completion.case_id, completion.repeat)
        self.verdicts.setdefault(key, {})[tally.behavior] = verdict

    def measure(self, result: BehaviorResult) -> None:
        """Keep the result of a behavior over the whole run."""
        self.measured.append(result)


def _requests(task: Task, wanted: Iterable[Wanted]) -> list[Request]:
    """What one model is asked of one task: the cases its tests judge, and those it is timed on."""
    wanted = list(wanted)
    chosen = {w.subject.case_id for w in wanted}
    cases = [c for c in task.cases if None in chosen or c.id in chosen]
    requests = [*requests_for(task.name, cases, task.sampling)]
    if any(w.is_timed for w in wanted):
        timed = cases[: task.latency_cases]
        requests += requests_for(task.name, timed, task.sampling, timed=True)
    return requests


def _grouped(items: Iterable[Wanted], key: Callable[[Wanted], Key]) -> dict[Key, list[Wanted]]:
    groups: dict[Key, list[Wanted]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups
