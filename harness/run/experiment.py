"""The arms of an experiment as the records of two runs, as far as its log goes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.ab.entry import LogEntry
from harness.ab.experiment import ARMS, Arm
from harness.core.completion import Completion, FinishReason, Timing
from harness.core.composite import composite
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Sampling, sha256_of
from harness.core.record import (
    FORMAT_SUCCESS,
    BehaviorResult,
    ModelRecord,
    RunRecord,
    Sample,
    TaskRecord,
)
from harness.core.verdict import FailureCode, Outcome, Verdict
from harness.run.behavior import rate_result
from harness.tasks.task import Task

MAX_SHOWN = 400
"""Answers of each arm that a record holds; rates are over all of them."""


def arm_records(
    entries: Sequence[LogEntry], tasks: Sequence[Task], *, has_all: bool = False
) -> tuple[RunRecord, RunRecord]:
    """The baseline's record and the candidate's.

    A rate is the mean over keys, as the gate has it. Answers to OpenAI's routes, which nobody
    judged, are left out.

    Args:
        entries: of one experiment, in the order of time.
        tasks: those that are still there, for descriptions and budgets.
        has_all: the records hold all answers that the log has texts of, not a part of them.

    Raises:
        HarnessError: an arm has no answer to a task.
    """
    known = {task.name: task for task in tasks}
    most = None if has_all else MAX_SHOWN
    before, after = (
        _record(arm, [e for e in entries if e.arm == arm], known, most) for arm in ARMS
    )
    return before, after


def _record(
    arm: Arm, entries: Sequence[LogEntry], known: dict[str, Task], most: int | None
) -> RunRecord:
    own = [entry for entry in entries if entry.task]
    if not own:
        raise HarnessError(f"the log holds no answer of the {arm} to a task")
    first, last = own[0], own[-1]
    names = list(dict.fromkeys(entry.task for entry in own))
    ref, shown = ModelRef.parse(first.model), _shown(own, most)
    model = ModelRecord(
        ref=first.model,
        kind=ref.kind,
        name=ref.name,
        weights_sha256=first.weights,
        is_measurable=False,
        warnings=(_note(arm, own, shown),),
    )
    return RunRecord(
        id=f"{first.experiment}-{arm}",
        status="complete",
        created=last.time,
        seconds=0.0,
        plan_fingerprint=sha256_of([first.experiment, names]),
        models=(model,),
        tasks=tuple(_task([e for e in own if e.task == name], known.get(name)) for name in names),
        results=tuple(r for name in names for r in _results([e for e in own if e.task == name])),
        samples=tuple(map(_sample, shown)),
    )


def _shown(entries: Sequence[LogEntry], most: int | None) -> list[LogEntry]:
    """The latest answers with texts, in the order of time: those that fail before others."""
    told = [entry for entry in entries if entry.text is not None]
    if most is None or len(told) <= most:
        return told
    failed = [e for e in told if e.outcome() is not Outcome.PASSED][-most * 3 // 4 :]
    passed = [e for e in told if e.outcome() is Outcome.PASSED][len(failed) - most :]
    return sorted([*failed, *passed], key=lambda entry: entry.time)


def _note(arm: Arm, entries: Sequence[LogEntry], shown: Sequence[LogEntry]) -> str:
    """``the baseline of the experiment ab, 2026-11-20T00:00Z to 2026-11-27T00:00Z: 447 answers,
    the log keeps no texts``."""
    first, last = (entry.time[:16] + "Z" for entry in (entries[0], entries[-1]))
    failed = sum(entry.outcome() is not Outcome.PASSED for entry in shown)
    texts = f"{failed:,} that failed and {len(shown) - failed:,} that passed are shown"
    which = f"the {arm} of the experiment {entries[0].experiment}, {first} to {last}"
    return f"{which}: {len(entries):,} answers, {texts if shown else 'the log keeps no texts'}"


def _task(entries: Sequence[LogEntry], known: Task | None) -> TaskRecord:
    first = entries[0]
    described = known.record(0) if known else None
    return TaskRecord(
        name=first.task,
        description=known.description if known else "",
        cases=len(entries),
        selected=False,
        cases_sha256=first.task_sha256,
        schema_sha256=known.schema_sha256 if known else None,
        sampling=known.sampling if known else Sampling(),
        budgets=dict(known.budgets) if known else {},
        required=first.required,
        compare=described.compare if described else {},
        exact=described.exact if described else (),
        items=described.items if described else {},
        format=described.format if described else "",
        delimiter=described.delimiter if described else ",",
    )


def _results(entries: Sequence[LogEntry]) -> Iterator[BehaviorResult]:
    first = entries[0]
    judged = [e for e in entries if not e.is_owed]
    names = dict.fromkeys(name for e in judged for name in e.verdicts)
    whole = [(e, v) for e in judged if (v := composite(e.verdicts, first.required)) is not None]
    if first.required:
        yield _result(first, FORMAT_SUCCESS, whole, entries)
    for name in names:
        yield _result(
            first, name, [(e, e.verdicts[name]) for e in judged if name in e.verdicts], entries
        )


def _result(
    first: LogEntry,
    behavior: str,
    judged: list[tuple[LogEntry, Verdict]],
    asked: Sequence[LogEntry],
) -> BehaviorResult:
    """The rate over keys; what got no answer is an error."""
    lost = [(e, Verdict.error(FailureCode.BACKEND_ERROR, e.error)) for e in asked if e.is_owed]
    verdicts = [(e.key or e.id, v) for e, v in (*judged, *lost)]
    found = rate_result(first.model, first.task, behavior, verdicts, None, {})
    return replace(found, repeats=1, cases=None, pass_at_k=None, pass_hat_k=None)


def _sample(entry: LogEntry) -> Sample:
    reason = "error" if entry.is_owed else entry.finish_reason
    completion = Completion(
        entry.text or "",
        FinishReason(reason or "error"),
        case_id=entry.id,
        prompt_tokens=entry.prompt_tokens,
        timing=None if entry.is_owed else Timing(entry.seconds, entry.seconds, 0),
        error=entry.error or f"no answer (status {entry.status})" if entry.is_owed else None,
    )
    return Sample(
        model=entry.model,
        task=entry.task,
        case_id=entry.id,
        prompt_sha256=sha256_of([entry.id]),
        messages=entry.messages or (),
        completion=completion,
        verdicts={} if entry.is_owed else entry.verdicts,
    )
