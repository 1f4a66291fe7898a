"""Has a chain of models answer tasks, judged without pytest, as a run like any other."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.checks import latency_budget, memory_budget
from harness.checks.declared.budgets import Measured
from harness.core.record import BehaviorResult, RunRecord
from harness.core.verdict import Outcome, Verdict
from harness.engine.model import EngineSettings
from harness.parity.answers import tokens_of
from harness.parity.values import ModelMeasure
from harness.run.recording import record
from harness.run.selection import Subject
from harness.run.session import Progress, Session, Wanted
from harness.tasks.judging import judge_answer


def run_chain(
    subjects: Sequence[Subject],
    settings: EngineSettings,
    progress: Progress,
    command: Sequence[str],
) -> tuple[RunRecord, dict[str, float]]:
    """Have every model answer its tasks, judge the answers, measure latency and memory.

    Args:
        subjects: every model on every task, models in the order of the chain.
        settings: how to open them.
        progress: told how it goes.
        command: what the user typed.

    Returns:
        The run, and generated tokens a second by model, where they could be measured.
    """
    session = Session(settings, progress)
    session.plan(Wanted(subject, is_timed=True) for subject in subjects)
    try:
        speeds = {str(s.ref): speed for s in subjects if (speed := _speed(session, s)) is not None}
        answered = [s for s in subjects if session.answers_of(s.ref).model.error is None]
        for subject in answered:
            _judge(session, subject)
        for subject in answered:
            _measure(session, subject)
    finally:
        session.close()
    return record(session, "complete", command), speeds


def measures_of(
    run: RunRecord, sizes: Mapping[str, int], speeds: Mapping[str, float]
) -> tuple[ModelMeasure, ...]:
    """What each model of a run takes, as far as the run says so."""
    return tuple(
        ModelMeasure(
            ref=model.ref,
            name=model.name,
            size_bytes=sizes.get(model.ref),
            peak_memory_mb=model.peak_memory_mb,
            tokens_per_second=speeds.get(model.ref),
            p50_seconds=_by_task(run, model.ref, "p50_seconds"),
            p95_seconds=_by_task(run, model.ref, "p95_seconds"),
            success={
                r.task: r.rate
                for r in run.results
                if (r.model, r.behavior) == (model.ref, "format_success_rate")
                and r.rate is not None
            },
            error=model.error,
        )
        for model in run.models
    )


def speeds_of(run: RunRecord) -> dict[str, float]:
    """Tokens a second by model, of a run that timed nothing: else the time of its batches is not
    known by itself."""
    timed = {answer.model for answer in run.timed}
    tokens = {m.ref: tokens_of(run, m.ref) for m in run.models}
    return {
        m.ref: tokens[m.ref] / m.generate_seconds
        for m in run.models
        if m.ref not in timed and m.is_measurable and m.generate_seconds and tokens[m.ref]
    }


def _by_task(run: RunRecord, model: str, name: str) -> dict[str, float]:
    return {
        r.task: r.measured[name] for r in run.results if r.model == model and name in r.measured
    }


def _speed(session: Session, subject: Subject) -> float | None:
    """Tokens a second over everything a model has answered until now."""
    answers = session.answers_of(subject.ref)
    seconds = answers.model.generate_seconds
    tokens = sum(len(c.token_ids) for c in answers.completions.values())
    return tokens / seconds if seconds and tokens and answers.model.is_measurable else None


def _judge(session: Session, subject: Subject) -> None:
    """Judge every answer by every behavior that applies to the task."""
    for completion in session.completions(subject):
        case = subject.task.case(completion.case_id)
        for name, verdict in judge_answer(case, completion, subject.task).items():
            session.judge(session.tally(subject, name, None), completion, verdict)


def _measure(session: Session, subject: Subject) -> None:
    latency, memory = session.latency(subject), session.memory(subject)
    if latency is not None:
        verdict = latency_budget.run_check_for(subject.task).judge(latency)
        session.measure(_result(subject, "latency_budget", latency, verdict, "latency_p95_seconds"))
    if memory is not None:
        verdict = memory_budget.run_check_for(subject.task).judge(memory)
        session.measure(_result(subject, "memory_budget", memory, verdict, "peak_memory_mb"))


def _result(
    subject: Subject, name: str, evidence: Measured, verdict: Verdict, budget: str
) -> BehaviorResult:
    is_met = verdict.outcome is Outcome.PASSED
    found = BehaviorResult(
        str(subject.ref),
        subject.task.name,
        name,
        passed=int(is_met),
        failed=int(not is_met),
        budget=subject.task.budgets.get(budget),
        met=is_met,
        measured=evidence.measured,
    )
    codes = {verdict.code.value: 1} if verdict.code else {}
    return found if is_met else replace(found, codes=codes, reason=verdict.reason)
