"""A run: its plan, the host of its models, their answers and the verdicts on them.

Callers that judge (the pytest plugin, ``harness parity``) get answers from it and add verdicts.
"""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from harness.core.case import JsonValue
from harness.core.completion import Completion
from harness.core.measurement import Latency, Memory
from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.core.record import EarlyStop, ModelRecord, RunRecord, RunStatus
from harness.engine.events import Event
from harness.engine.host import ModelHost
from harness.run import recording
from harness.run.answers import Answers, Timings
from harness.run.interleaving import in_turns, timed_together
from harness.run.load import LoadWatch
from harness.run.plan import RunPlan
from harness.run.progress import Progress, follow
from harness.run.second_answers import SecondAnswers
from harness.run.selection import Subject
from harness.run.verdicts import Verdicts

BlockSource = Callable[[ModelRef], Iterable[Sequence[Request]]]
"""The next block of a model's requests is taken once the one before is answered."""


class Run:
    """Has each model answer its plan once, on first use, and makes the record."""

    def __init__(
        self,
        plan: RunPlan,
        host: ModelHost,
        progress: Progress | None = None,
        *,
        has_followups: bool = False,
    ) -> None:
        """
        Args:
            plan: the requests.
            host: opens the models. Processes of models outside the plan are ended.
            progress: shows the progress.
            has_followups: models get requests beyond the plan, one model after the other: each
                stays open until the next one is used, and timing is not interleaved.
        """
        self.plan = plan
        self.host = host
        self.progress = progress or Progress()
        self.answers = Answers()
        self.verdicts = Verdicts()
        self.timings = Timings(plan.start)
        self.load = LoadWatch(plan.start.load)
        self.subscribers: list[Callable[[Event], object]] = [
            self.answers.take,
            self.timings.take,
            self.load.take,
        ]
        """Called with every event of the models, in this order."""
        self.is_interleaving = plan.has_several_timed and not has_followups
        """True where the timed requests of several models are interleaved, after all others."""
        self.keeps_open = has_followups or self.is_interleaving
        self.blocks: BlockSource | None = None
        """Gives the judged requests of a model in blocks; ``None``: all at once."""
        self.engine: Mapping[str, JsonValue] = {}
        """Facts about what answers, beside the machine's, for the record."""
        self.early_stops: dict[ModelRef, EarlyStop] = {}
        """By model that was asked in blocks."""
        self.second: SecondAnswers | None = None
        """Second answers to some of the cases, in other batches; ``None``: none are asked for."""
        self._asked: list[tuple[ModelRef, Sequence[Request]]] = []
        self._has_timed = False
        host.release(keep=plan.requests)

    def answer(self, ref: ModelRef) -> ModelRecord:
        """Have a model answer its plan, once; its record holds the error if it cannot be opened."""
        if ref not in self.answers.models:
            self.answers.begin(ref)
            timed = () if self.is_interleaving else self.plan.timed[ref]
            judged = self.plan.requests[ref]
            if self.blocks is not None:
                for block in self.blocks(ref):
                    self._ask(ref, block, keep_open=True)
                if self.answers.models[ref].error:
                    self._asked.append((ref, judged))
                judged = ()
            keep_open = self.keeps_open or self.second is not None
            self._ask(ref, (*judged, *timed), keep_open=keep_open)
            self._ask_again(ref)
        return self.answers.models[ref]

    def completions(self, subject: Subject) -> list[Completion]:
        """Completions of a subject, in the order of the task's cases."""
        self.answer(subject.ref)
        return self.answers.to(subject.ref, self.plan.judged(subject))

    def latency(self, subject: Subject) -> Latency | None:
        """Latency of a subject; ``None`` where the model cannot be timed."""
        if not self.answer(subject.ref).is_measurable:
            return None
        self._time_in_turns()
        return Latency.of(self.answers.to(subject.ref, self.plan.timed_of(subject)))

    def timing_error(self, subject: Subject) -> str | None:
        """Why a timed answer of the subject is an error, in one line; ``None`` where none is."""
        timed = self.answers.to(subject.ref, self.plan.timed_of(subject))
        return next((c.error for c in timed if c.error), None)

    def memory(self, subject: Subject) -> Memory | None:
        """Peak memory of the model's process over all requests; ``None`` where it cannot be
        measured."""
        self.answer(subject.ref)
        self._time_in_turns()
        model = self.answers.models[subject.ref]
        if not model.is_measurable or model.peak_memory_mb is None:
            return None
        return Memory(model.peak_memory_mb)

    @property
    def is_cut(self) -> bool:
        """True if a model was stopped before it had answered all requests, or was replaced by
        another meanwhile, or a run that was cut is replayed. One that did not open at all was not
        cut."""
        return self.plan.is_of_a_part or any(
            len(self.answers.missing(ref, requests)) < len(requests)
            if self.answers.models[ref].error
            else self.answers.missing(ref, requests)
            for ref, requests in self._asked
        )

    def outline(self, command: Sequence[str]) -> RunRecord:
        """The record so far, without answers."""
        return self._completed(recording.outline(self.plan, self.answers, command))

    def record(self, status: RunStatus, command: Sequence[str]) -> RunRecord:
        """The record of the run. ``command`` is the typed command line."""
        record = recording.record(
            self.plan, self.answers, self.verdicts, self.timings, status=status, command=command
        )
        noise = tuple(self.second.noise(record)) if self.second else ()
        return self._completed(replace(record, noise=noise))

    def _completed(self, record: RunRecord) -> RunRecord:
        """The record with the machine's load, and with the looks at each model."""
        stops = {str(ref): stop for ref, stop in self.early_stops.items()}
        models = tuple(replace(m, early_stop=stops.get(m.ref)) for m in record.models)
        environment = {**record.environment, **self.engine}
        return replace(record, models=models, load=self.load.result(), environment=environment)

    def _ask(self, ref: ModelRef, requests: Sequence[Request], *, keep_open: bool) -> None:
        self._asked.append((ref, requests))
        events = self.host.answers(ref, requests, keep_open=keep_open)
        self._follow(events, str(ref), len(requests))

    def _ask_again(self, ref: ModelRef) -> None:
        """Have the open model answer its drawn cases once more, block by block."""
        if self.second is None or self.answers.models[ref].error:
            return
        blocks = self.second.blocks(ref)
        events = chain.from_iterable(self.host.answers(ref, b, keep_open=True) for b in blocks)
        self._follow((e for e in events), f"{ref}, again", sum(map(len, blocks)))
        if not self.keeps_open:
            self.host.close()

    def _time_in_turns(self) -> None:
        """Time several models, after all have answered the other requests."""
        if self._has_timed or not self.is_interleaving:
            return
        timed = {ref: requests for ref, requests in self.plan.timed.items() if requests}
        for ref in timed:
            self.answer(ref)
        self._has_timed = True
        memory = {r: self.answers.memory_of(r) for r in timed if self.answers.can_be_timed(r)}
        groups = timed_together(memory, self.host.is_open)
        self.timings.is_interleaved = any(len(group) > 1 for group in groups)
        for group in groups:
            turns = [*in_turns({ref: timed[ref] for ref in group})]
            self._asked += [(ref, timed[ref]) for ref in group]
            self._follow(self.host.time(turns), "timing", len(turns))

    def _follow(self, events: Generator[Event, None, None], what: str, requests: int) -> None:
        follow(events, self.subscribers, self.progress, what, requests)
