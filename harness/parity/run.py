"""A run over a chain of models, judged without pytest."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.checks import latency_budget, memory_budget
from harness.checks.declared.budgets import Measured
from harness.core.modelref import ModelRef
from harness.core.record import BehaviorResult, RunRecord
from harness.core.verdict import Outcome, Verdict
from harness.engine.host import ModelHost
from harness.parity.answers import tokens_of
from harness.parity.values import ModelMeasure
from harness.run.behavior import Tally
from harness.run.plan import PlannedTest, RunPlan
from harness.run.progress import Progress
from harness.run.selection import Subject
from harness.run.session import Run
from harness.tasks.judging import judge_answer


def run_chain(
    subjects: Sequence[Subject], host: ModelHost, progress: Progress, command: Sequence[str]
) -> tuple[RunRecord, dict[str, float]]:
    """Have every model answer its tasks, judge the answers, measure latency and memory.

    ``subjects`` are in the order of the chain; ``host`` is closed at the end.

    Returns:
        The run, and generated tokens a second by model, where they could be measured.
    """
    run = Run(RunPlan.of(PlannedTest(s, is_timed=True) for s in subjects), host, progress)
    try:
        speeds = {str(ref): v for ref in run.plan.requests if (v := _speed(run, ref)) is not None}
        answered = [s for s in subjects if run.answer(s.ref).error is None]
        for judge in (_judge, _measure):
            for subject in answered:
                judge(run, subject)
    finally:
        host.close()
    return run.record("partial" if run.is_cut else "complete", command), speeds


def measures_of(
    run: RunRecord, sizes: Mapping[str, int], speeds: Mapping[str, float]
) -> tuple[ModelMeasure, ...]:
    """Size, memory, speed and success of each model of a run, as far as they were measured."""
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
            error=model.error or _lost(run, model.ref),
        )
        for model in run.models
    )


def _lost(run: RunRecord, ref: str) -> str | None:
    """The number of answers that an open model did not give, and the first reason."""
    asked = [sample.completion.error for sample in run.samples if sample.model == ref]
    lost = [error for error in asked if error is not None]
    return f"{len(lost)} of {len(asked)} answers are missing: {lost[0]}" if lost else None


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


def _speed(run: Run, ref: ModelRef) -> float | None:
    """Tokens a second over everything that a model answered in batches."""
    model = run.answer(ref)
    answers = run.answers.to(ref, run.plan.requests[ref])
    seconds, tokens = model.generate_seconds, sum(len(c.token_ids) for c in answers)
    return tokens / seconds if seconds and tokens and model.is_measurable else None


def _judge(run: Run, subject: Subject) -> None:
    """Judge every answer by every behavior that applies to the task."""
    tallies: dict[str, Tally] = {}
    for completion in run.completions(subject):
        case = subject.task.case(completion.case_id)
        for name, verdict in judge_answer(case, completion, subject.task).items():
            if name not in tallies:
                tallies[name] = run.verdicts.begin(subject, name, None)
            run.verdicts.add(tallies[name], completion, verdict)


def _measure(run: Run, subject: Subject) -> None:
    """Hold latency and memory against the task's budgets, where they could be measured."""
    measured = run.verdicts.measured
    if (latency := run.latency(subject)) is not None:
        verdict = latency_budget.run_check_for(subject.task).judge(latency)
        if (note := run.load.result().note) and verdict.reason:
            verdict = replace(verdict, reason=f"{verdict.reason}; {note}")
        measured.append(_result(subject, "latency_budget", latency, verdict, "latency_p95_seconds"))
    if (memory := run.memory(subject)) is not None:
        verdict = memory_budget.run_check_for(subject.task).judge(memory)
        measured.append(_result(subject, "memory_budget", memory, verdict, "peak_memory_mb"))


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
