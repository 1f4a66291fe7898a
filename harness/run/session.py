"""One session of suites: which models answer which tasks, what they answered, what was judged.

The plugin tells this file what pytest collected, asks it for completions and hands it verdicts;
this file knows nothing of pytest.
"""

import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.measurement import Latency, Memory
from harness.core.modelref import ModelRef
from harness.core.plan import GenerationPlan, Request, failed, requests_for
from harness.core.record import BehaviorResult, Counterexample, ModelRecord, Sample, TimedAnswer
from harness.core.verdict import Verdict
from harness.engine.model import EngineSettings
from harness.engine.process import Answer, Generation, ModelUnopened
from harness.records.journal import Journal
from harness.records.runs import new_run_id
from harness.run.behavior import DEFAULT_BUDGET, Tally
from harness.run.interleaving import Footprint, answers_in_turns, fit_together
from harness.run.selection import Subject
from harness.tasks.task import Task

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

    def on_start(self, what: object, requests: int) -> None: ...
    def on_answer(self) -> None: ...
    def on_step(self, tokens: int, ended: int) -> None: ...
    def on_end(self) -> None: ...


class Session:
    """Holds everything from collection to the record."""

    def __init__(
        self,
        settings: EngineSettings,
        progress: Progress,
        *,
        asks_more: bool = False,
        prepared: Generation | None = None,
    ) -> None:
        self.settings = settings
        self.progress = progress
        self.asks_more = asks_more
        """Whether models are asked more than their plan: the last one's process waits for it."""
        self.prepared = prepared
        """The model that is likely asked first: its process is at its imports."""
        self.waiting: Generation | None = None
        self.takes_turns = False
        """Whether several models are timed: in turns, when all have answered the rest."""
        self.is_interleaved = False
        """Whether they were."""
        self.footprints: dict[ModelRef, Footprint] = {}
        self.journal: Journal | None = None
        """Where answers are kept as they come."""
        self.has_timed = False
        self.created = datetime.now(UTC)
        self.run_id = new_run_id(self.created)
        self.started = time.perf_counter()
        self.plans: dict[ModelRef, GenerationPlan] = {}
        self.tasks: dict[str, Task] = {}
        self.answers: dict[ModelRef, Answers] = {}
        self.tallies: dict[tuple[ModelRef, str, str], Tally] = {}
        self.verdicts: dict[tuple[str, str, str, int], dict[str, Verdict]] = {}
        """Of each completion: by model, task, case and repeat, then by behavior."""
        self.measured: list[BehaviorResult] = []
        self.timed: list[TimedAnswer] = []
        self.counterexamples: list[Counterexample] = []
        self.asked: dict[tuple[ModelRef, str, str], Completion] = {}
        """Answers beyond the plan: by model, task and hash of the prompt."""

    def plan(self, wanted: Iterable[Wanted]) -> None:
        """Work out every request of the run, before the first token."""
        for ref, of_model in _grouped(wanted, lambda w: w.subject.ref).items():
            requests: list[Request] = []
            for of_task in _grouped(of_model, lambda w: w.subject.task.name).values():
                task = of_task[0].subject.task
                self.tasks[task.name] = task
                requests += _requests(task, of_task)
            self.plans[ref] = GenerationPlan(tuple(requests))
        if self.prepared is not None and self.prepared.ref not in self.plans:
            self.close()
        timed = [ref for ref in self.plans if self._timed(ref)]
        # Models that are asked more are asked one after the other: see `pytest_generate`.
        self.takes_turns = len(timed) > 1 and not self.asks_more

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
            not answers.model.error and len(answers.completions) < self._expected(ref)
            for ref, answers in self.answers.items()
        )

    def _expected(self, ref: ModelRef) -> int:
        """How many answers a model owes."""
        is_owed = not self.takes_turns or (self.has_timed and self._can_be_timed(ref))
        return sum(is_owed or not r.timed for r in self.plans[ref].requests)

    def _timed(self, ref: ModelRef) -> list[Request]:
        return [r for r in self.plans[ref].requests if r.timed]

    def _can_be_timed(self, ref: ModelRef) -> bool:
        model = self.answers[ref].model
        return model.is_measurable and not model.error

    def _generate(self, ref: ModelRef, answers: Answers) -> None:
        generation = self._generation(ref)
        requests = [r for r in self.plans[ref].requests if not (r.timed and self.takes_turns)]
        try:
            with closing(self._stream(generation, requests)) as stream:
                for request, completion in stream:
                    if not answers.completions:
                        self._begin(ref, generation.model)
                    self._keep(ref, request, completion)
        except ModelUnopened as error:
            answers.model = replace(answers.model, error=str(error))
        finally:
            answers.model = model = generation.model or answers.model
            self.footprints[ref] = Footprint(
                model.device, model.peak_memory_mb, generation.available_mb
            )

    def sample(self, ref: ModelRef, request: Request, completion: Completion) -> Sample:
        """What a model answered, with the verdicts that are there so far."""
        task = self.tasks[request.task]
        key = (str(ref), request.task, request.case_id, request.repeat)
        return Sample.of(
            str(ref),
            request,
            task.case(request.case_id),
            completion,
            self.verdicts.get(key, {}),
            is_drawn=task.generate_seed is not None,
        )

    def _begin(self, ref: ModelRef, model: ModelRecord | None) -> None:
        """A model has given its first answer: it is known. What is replayed is kept already."""
        self.answers[ref].model = model or self.answers[ref].model
        if self.journal is not None and self.answers[ref].model.is_measurable:
            self.journal.begin()

    def _keep(self, ref: ModelRef, request: Request, completion: Completion) -> None:
        answers = self.answers[ref]
        answers.completions[request.key] = completion
        if self.journal is not None and answers.model.is_measurable and not request.timed:
            self.journal.keep(self.sample(ref, request, completion))
        if request.timed:
            since = time.perf_counter() - self.started
            order = len(self.timed)
            if found := TimedAnswer.of(str(ref), request, completion, order, since):
                self.timed.append(found)

    def _take_turns(self) -> None:
        """Time the models that are to be timed in turns, when all have answered the rest.

        Those that do not fit into memory together are timed one after the other.
        """
        if not self.takes_turns or self.has_timed:
            return
        asked = {ref: timed for ref in self.plans if (timed := self._timed(ref))}
        for ref in asked:
            self.answers_of(ref)
        asked = {ref: timed for ref, timed in asked.items() if self._can_be_timed(ref)}
        self.has_timed = True
        if not asked:
            return
        is_together = fit_together([self.footprints[ref] for ref in asked])
        self.is_interleaved = is_together and len(asked) > 1
        # Whose process is still there goes first: it must not be there beside the next.
        alone = sorted(asked, key=lambda ref: self.waiting is None or ref != self.waiting.ref)
        for refs in [list(asked)] if is_together else [[ref] for ref in alone]:
            self._time({ref: asked[ref] for ref in refs})

    def _time(self, asked: Mapping[ModelRef, Sequence[Request]]) -> None:
        """Have models answer in turns, each in its own process; then end them all."""
        waiting, self.waiting = self.waiting, None
        models = {ref: self._opened(ref) for ref in asked}
        if waiting is not None and waiting.ref in models:
            models[waiting.ref] = waiting
        elif waiting is not None:
            waiting.close()
        self.progress.on_start("timing", sum(map(len, asked.values())))
        try:
            for ref, request, completion in answers_in_turns(models, asked):
                self._keep(ref, request, completion)
                self.progress.on_answer()
        finally:
            self.progress.on_end()
            for ref, generation in models.items():
                generation.close()
                answers = self.answers[ref]
                is_again = generation is not waiting
                answers.model = _measured_more(answers.model, generation.model, is_again)

    def ask(self, subject: Subject, cases: Sequence[Case]) -> list[Completion]:
        """What a model answers to cases beyond its plan, all in one go; no prompt twice.

        A case that nothing was answered to gets a completion with ``finish_reason`` ``error``.
        """
        task, ref = subject.task, subject.ref
        requests = requests_for(task.name, cases, task.sampling)
        keys = [(ref, task.name, request.prompt_sha256) for request in requests]
        unasked = {k: r for k, r in zip(keys, requests, strict=True) if k not in self.asked}
        try:
            with closing(self._stream(self._generation(ref), [*unasked.values()])) as stream:
                for request, completion in stream:
                    self.asked[ref, task.name, request.prompt_sha256] = completion
        except ModelUnopened as error:
            self.asked |= {k: failed(r, str(error)) for k, r in unasked.items()}
        return [
            replace(self.asked[k], case_id=case.id) for k, case in zip(keys, cases, strict=True)
        ]

    def _stream(
        self, generation: Generation, requests: Sequence[Request]
    ) -> Generator[Answer, None, None]:
        self.progress.on_start(generation.ref, len(requests))
        try:
            with closing(generation.answers(requests)) as stream:
                for answer in stream:
                    yield answer
                    self.progress.on_answer()
        finally:
            self.progress.on_end()

    def _generation(self, ref: ModelRef) -> Generation:
        """The model at work. But for timing, at most one model's process is there at a time."""
        if self.waiting is None or self.waiting.ref != ref:
            self._end_waiting()
            self.waiting = self._opened(ref)
        return self.waiting

    def _opened(self, ref: ModelRef) -> Generation:
        found, self.prepared = self.prepared, None
        if found is not None and found.ref != ref:
            found.close()
            found = None
        generation = found or Generation(ref, self.settings)
        generation.on_step = self.progress.on_step
        generation.stays_open = self.asks_more or self.takes_turns
        return generation

    def close(self) -> None:
        """End the processes that wait for requests."""
        self._end_waiting()
        if self.prepared is not None:
            self.prepared.close()
            self.prepared = None

    def _end_waiting(self) -> None:
        if self.waiting is not None:
            self.waiting.close()
            self.waiting = None

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
        self._take_turns()
        requests = self.plans[subject.ref].for_task(subject.task.name)
        asked = [r.key for r in requests if r.timed]
        return Latency.of([answers.completions[k] for k in asked if k in answers.completions])

    def memory(self, subject: Subject) -> Memory | None:
        """The peak of the model's process, over all that it was asked; ``None`` where it cannot be
        measured."""
        self.answers_of(subject.ref)
        self._take_turns()
        model = self.answers[subject.ref].model
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
    requests = [*requests_for(task.name, cases, task.sampling, repeats=task.repeats)]
    if any(w.is_timed for w in wanted):
        timed = cases[: task.latency_cases]
        requests += requests_for(task.name, timed, task.sampling, timed=True)
    return requests


def _measured_more(was: ModelRecord, now: ModelRecord | None, is_again: bool) -> ModelRecord:
    """The record of a model that was timed in turns, ``is_again`` in another process of its own."""
    if now is None or now.peak_memory_mb is None:
        return was
    if not is_again:
        return now
    seconds = (was.generate_seconds, now.generate_seconds)
    return replace(
        was,
        peak_memory_mb=max(was.peak_memory_mb or 0.0, now.peak_memory_mb),
        generate_seconds=sum(s for s in seconds if s is not None),
    )


def _grouped(items: Iterable[Wanted], key: Callable[[Wanted], Key]) -> dict[Key, list[Wanted]]:
    groups: dict[Key, list[Wanted]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups
