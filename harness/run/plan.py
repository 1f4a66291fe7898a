"""The RunPlan: every request to every model of a run, known before the first token."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property

from harness.core.completion import Completion
from harness.core.modelref import ModelRef
from harness.core.plan import Request, fingerprint_of
from harness.core.portable import portable
from harness.core.record import Sample
from harness.core.shard import Shard
from harness.core.verdict import Verdict
from harness.machine.load import load_average
from harness.records.runs import new_run_id
from harness.run.selection import Subject
from harness.tasks.task import Task


@dataclass(frozen=True, slots=True)
class PlannedTest:
    """One collected test that reads answers."""

    subject: Subject
    is_timed: bool = False
    """True where the test uses latency."""


@dataclass(frozen=True, slots=True)
class RunStart:
    """The start of a run, from which its time is measured."""

    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    clock: float = field(default_factory=time.perf_counter)
    load: float | None = field(default_factory=load_average)
    """The machine's load average."""

    @property
    def seconds(self) -> float:
        """Wall time since the start."""
        return time.perf_counter() - self.clock


@dataclass(frozen=True)
class RunPlan:
    """All requests of a run to each of its models."""

    id: str
    start: RunStart
    requests: Mapping[ModelRef, tuple[Request, ...]]
    """Judged requests by model, in the order of the command line."""
    timed: Mapping[ModelRef, tuple[Request, ...]]
    """Requests that are answered alone, to be timed; a model without any has none here."""
    tasks: Mapping[str, Task]
    shard: Shard | None = None
    """The part of a divided run that this plan is; ``tasks`` have the cases of the whole run."""
    is_of_a_part: bool = False
    """A stored run that is replayed was ended early."""

    @classmethod
    def of(
        cls, tests: Iterable[PlannedTest], start: RunStart | None = None, run_id: str | None = None
    ) -> "RunPlan":
        """The plan of all requests that the tests read, each once."""
        start, given = start or RunStart(), [*tests]
        groups: dict[ModelRef, dict[str, list[PlannedTest]]] = {}
        tasks: dict[str, Task] = {}
        for test in given:
            task = tasks.setdefault(test.subject.task.name, test.subject.task)
            groups.setdefault(test.subject.ref, {}).setdefault(task.name, []).append(test)
        every = {
            ref: [r for name, own in by_task.items() for r in _requests(tasks[name], own)]
            for ref, by_task in groups.items()
        }
        requests = {ref: tuple(r for r in own if not r.timed) for ref, own in every.items()}
        timed = {ref: tuple(r for r in own if r.timed) for ref, own in every.items()}
        is_of_a_part = any(test.subject.is_of_a_part for test in given)
        return cls(
            run_id or new_run_id(start.created),
            start,
            requests,
            timed,
            tasks,
            is_of_a_part=is_of_a_part,
        )

    @cached_property
    def fingerprint(self) -> str:
        """Hash over the requests of all models: runs with an equal one may be compared."""
        return fingerprint_of({r.key: r for own in self.requests.values() for r in own}.values())

    @property
    def has_several_timed(self) -> bool:
        """True where several models are timed."""
        return sum(map(bool, self.timed.values())) > 1

    def judged(self, subject: Subject) -> list[Request]:
        """Judged requests of a subject, in the order of the task's cases."""
        return [
            r
            for r in self.requests[subject.ref]
            if r.task == subject.task.name and subject.case_id in (None, r.case_id)
        ]

    def timed_of(self, subject: Subject) -> list[Request]:
        """Timed requests of a subject."""
        return [r for r in self.timed[subject.ref] if r.task == subject.task.name]

    def sample(
        self,
        ref: ModelRef,
        request: Request,
        completion: Completion,
        verdicts: Mapping[str, Verdict],
    ) -> Sample:
        """One answer with the verdicts on it, by behavior."""
        task = self.tasks[request.task]
        is_drawn = task.generate_seed is not None
        case = task.case(request.case_id)
        if completion.error is not None:
            completion = replace(completion, error=portable(completion.error))
        return Sample.of(str(ref), request, case, completion, verdicts, is_drawn=is_drawn)


def _requests(task: Task, tests: Sequence[PlannedTest]) -> tuple[Request, ...]:
    """Requests of one model's judged cases, and of its timed cases."""
    chosen = {test.subject.case_id for test in tests}
    asks = tests[0].subject.asks
    cases = [c for c in task.cases if (None in chosen or c.id in chosen) and asks(c)]
    judged = task.requests(cases, repeats=task.repeats)
    if not any(test.is_timed for test in tests):
        return judged
    timed = cases[: task.latency_cases]
    return (*judged, *task.requests(timed, timed=True))
