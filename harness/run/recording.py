"""Builds the RunRecord of a run from its plan, answers, verdicts and timings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

from harness.core.composite import composite
from harness.core.portable import portable
from harness.core.record import (
    FORMAT_SUCCESS,
    BehaviorResult,
    ModelRecord,
    RunRecord,
    RunStatus,
    Sample,
    TaskRecord,
)
from harness.machine.environment import environment
from harness.run.answers import Answers, Timings
from harness.run.behavior import rate_result
from harness.run.plan import RunPlan
from harness.run.verdicts import Verdicts
from harness.tasks.task import Task

_environment = cache(environment)
"""Determined once: it is in the first and in the final record of a run."""


def record(
    plan: RunPlan,
    answers: Answers,
    verdicts: Verdicts,
    timings: Timings,
    *,
    status: RunStatus,
    command: Sequence[str],
) -> RunRecord:
    """The record of a run."""
    samples, timed = tuple(_samples(plan, answers, verdicts)), tuple(timings.answers)
    results = (
        *composites(samples, plan.tasks),
        *(tally.result() for tally in verdicts.tallies()),
        *verdicts.measured,
    )
    if plan.shard is not None:
        results = tuple(map(_undecided, results))
    return replace(
        outline(plan, answers, command),
        status=status,
        results=results,
        samples=samples,
        counterexamples=tuple(verdicts.counterexamples),
        timed=timed,
        is_interleaved=timings.is_interleaved if len({t.model for t in timed}) > 1 else None,
    )


def outline(plan: RunPlan, answers: Answers, command: Sequence[str]) -> RunRecord:
    """The record of a run in progress: its plan and its models."""
    return RunRecord(
        id=plan.id,
        status="partial",
        created=plan.start.created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        seconds=plan.start.seconds,
        plan_fingerprint=plan.fingerprint,
        models=tuple(map(_portable, answers.models.values())),
        tasks=tuple(_task_record(plan, task) for task in plan.tasks.values()),
        command=tuple(command),
        environment=_environment(),
        shard=plan.shard,
    )


def composites(samples: Sequence[Sample], tasks: Mapping[str, Task]) -> Iterator[BehaviorResult]:
    """``format_success_rate`` of each model on each task with verdicts of all required
    behaviors."""
    groups: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.model, sample.task), []).append(sample)
    for (model, name), group in groups.items():
        task = tasks[name]
        if task.required and all(set(task.required) <= set(s.verdicts) for s in group):
            judged = [(s.case_id, v) for s in group if (v := composite(s.verdicts, task.required))]
            budget = task.budgets.get(FORMAT_SUCCESS)
            yield rate_result(model, name, FORMAT_SUCCESS, judged, budget, task.templates)


def _undecided(result: BehaviorResult) -> BehaviorResult:
    """The result on a part of the cases, which meets no budget. Errors miss it already."""
    return result if result.errors else replace(result, met=None)


def _samples(plan: RunPlan, answers: Answers, verdicts: Verdicts) -> Iterator[Sample]:
    by_answer = verdicts.by_answer()
    for ref in answers.models:
        for request in plan.requests[ref]:
            key = (str(ref), request.task, request.case_id, request.repeat)
            for completion in answers.to(ref, [request]):
                yield plan.sample(ref, request, completion, by_answer.get(key, {}))


def _portable(model: ModelRecord) -> ModelRecord:
    """The model without paths of this machine."""
    base, error = (text and portable(text) for text in (model.base, model.error))
    return replace(model, base=base, error=error)


def _task_record(plan: RunPlan, task: Task) -> TaskRecord:
    asked = (r for requests in plan.requests.values() for r in requests)
    return task.record(len({r.case_id for r in asked if r.task == task.name}))
