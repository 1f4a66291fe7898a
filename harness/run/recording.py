"""Makes the RunRecord of a session: samples with their verdicts, results of behaviors."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

from harness.core.case import JsonValue
from harness.core.composite import composite
from harness.core.record import (
    FORMAT_SUCCESS,
    BehaviorResult,
    RunRecord,
    RunStatus,
    Sample,
    TaskRecord,
)
from harness.machine.environment import environment
from harness.run.behavior import rate_result
from harness.run.session import Session
from harness.tasks.task import Task


def record(session: Session, status: RunStatus, command: Sequence[str]) -> RunRecord:
    """Everything about a session's run, as a value."""
    samples, timed = tuple(_samples(session)), tuple(session.timed)
    results = (
        *composites(samples, session.tasks),
        *(t.result() for t in session.tallies.values()),
        *session.measured,
    )
    return replace(
        outline(session, command),
        status=status,
        results=results,
        samples=samples,
        counterexamples=tuple(session.counterexamples),
        timed=timed,
        is_interleaved=session.is_interleaved if len({t.model for t in timed}) > 1 else None,
    )


def outline(session: Session, command: Sequence[str]) -> RunRecord:
    """What is known of a session's run while it goes on: what is asked, and of which models."""
    return RunRecord(
        id=session.run_id,
        status="partial",
        created=session.created.isoformat(timespec="seconds").replace("+00:00", "Z"),
        seconds=time.perf_counter() - session.started,
        plan_fingerprint=session.fingerprint,
        models=tuple(answers.model for answers in session.answers.values()),
        tasks=tuple(_task_record(session, task) for task in session.tasks.values()),
        command=tuple(command),
        environment=_environment(),
    )


def composites(samples: Sequence[Sample], tasks: Mapping[str, Task]) -> Iterator[BehaviorResult]:
    """``format_success_rate`` of each model on each task where every required behavior ran."""
    groups: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.model, sample.task), []).append(sample)
    for (model, name), group in groups.items():
        task = tasks[name]
        if task.required and all(set(task.required) <= set(s.verdicts) for s in group):
            judged = [(s.case_id, v) for s in group if (v := composite(s.verdicts, task.required))]
            yield rate_result(model, name, FORMAT_SUCCESS, judged, task.budgets.get(FORMAT_SUCCESS))


def _samples(session: Session) -> Iterator[Sample]:
    for ref, answers in session.answers.items():
        for request in session.plans[ref].requests:
            completion = answers.completions.get(request.key)
            if completion is not None and not request.timed:
                yield session.sample(ref, request, completion)


@cache
def _environment() -> Mapping[str, JsonValue]:
    """Asked of the machine once: a run's record is begun with it, and ends with it."""
    return environment()


def _task_record(session: Session, task: Task) -> TaskRecord:
    planned = {r.case_id for plan in session.plans.values() for r in plan.for_task(task.name)}
    return task.record(len(planned))
