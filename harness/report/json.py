"""The report for machines: rates, changes and the case ids behind them, without the texts."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass, replace

from harness.core.case import JsonValue
from harness.core.record import FORMAT_SUCCESS, BehaviorResult, Counterexample, RunRecord
from harness.gate.causes import BehaviorCauses, Cause, causes_alone, deciding_causes
from harness.gate.compare import Change, Comparison, Side, required_behaviors
from harness.gate.decision import GateDecision, TaskDecision, regressed_cases
from harness.gate.evidence import PairedTest
from harness.report.log_json import decided as decided_log
from harness.report.report import Report
from harness.report.words import causes as why
from harness.report.words import comparison as sentences
from harness.report.words import decision as decisions
from harness.report.words.grammar_lift import FORM, ModelLift, TaskLift, measured_lifts
from harness.report.words.right_answers import RIGHT_ANSWERS

SUFFIX = ".json"
VERSION = 1


def render(report: Report) -> str:
    """One JSON document in ASCII."""
    return json.dumps(content(report), indent=2, allow_nan=False) + "\n"


def content(report: Report) -> dict[str, JsonValue]:
    """The document as values."""
    return {
        "version": VERSION,
        "runs": [_run(run) for run in report.runs],
        "before": None if report.before is None else _side(report.before),
        "after": _side(report.after),
        "headlines": [_headline(report, task) for task in _tasks(report)],
        "comparisons": [_comparison(c) for c in report.comparisons],
        "causes": _alone(report),
        "noise": _noise(report),
        "decision": None if report.decision is None else decided(report.decision),
        "experiment": None if report.experiment is None else decided_log(report.experiment),
        "parity": _plain(report.parity),
        "grammar_lifts": [_lift(found) for found in measured_lifts(report)],
    }


def _tasks(report: Report) -> Iterable[str]:
    return dict.fromkeys(t.name for run in reversed(report.runs) for t in run.tasks)


def _headline(report: Report, task: str) -> JsonValue:
    """The two rates that are read first; ``None`` without a side, a reference or a judged case."""
    sides = {"before": report.before, "after": report.after}
    named = {FORMAT_SUCCESS: FORMAT_SUCCESS, "right_answers": RIGHT_ANSWERS}
    found: dict[str, JsonValue] = {
        name: {role: _rate(side, task, behavior) for role, side in sides.items()}
        for name, behavior in named.items()
    }
    return {"task": task, **found}


def _rate(side: Side | None, task: str, behavior: str) -> float | None:
    result = side.result(task, behavior) if side else None
    return result.rate if result else None


def decided(decision: GateDecision) -> dict[str, JsonValue]:
    """The gate's decision, with every number that it rests on."""
    return {
        "outcome": decision.outcome.value,
        "exit_code": decision.exit_code,
        "sentence": decisions.sentence(decision),
        "explanation": list(decisions.explanation(decision)),
        "policy": _plain(decision.policy.model_dump()),
        "before": _side(decision.before),
        "after": _side(decision.after),
        "attempt": decision.after.model_record.attempt if decision.after.model_record else None,
        "attempts": _plain(decision.attempts),
        "against": decision.against,
        "other": decided(decision.other) if decision.other else None,
        "refused": _plain(decision.refused),
        "allowed": _plain(decision.allowed),
        "tasks": [_task(task) for task in decision.tasks],
        "all_tasks": None if decision.pooled is None else _evidence(decision.pooled),
    }


def _alone(report: Report) -> list[JsonValue]:
    """The causes of each task's failing answers, of the only model; none of a pair."""
    if report.before is not None:
        return []
    side = report.after
    return [
        {
            "task": task.name,
            "failing": _listed(
                causes_alone(side, task.name, required_behaviors(side, task.name)), why.FAIL
            ),
        }
        for task in side.record.tasks
    ]


def _causes(found: BehaviorCauses) -> JsonValue:
    return {
        "behavior": found.behavior,
        "broke": _listed(found.broke, why.BROKE),
        "still_failing": _listed(found.still_failing, why.STILL_FAIL),
    }


def _listed(causes: Sequence[Cause], verb: str) -> JsonValue:
    """Each cause in words and as values; ``written`` may be text of a model."""
    return [
        {
            "words": why.phrase_of(cause, is_broken=verb == why.BROKE),
            "count": len(cause.failures),
            "code": cause.code.value if cause.code else None,
            "behaviors": list(cause.behaviors),
            "edge": cause.edge.value if cause.edge else None,
            "written": cause.written or None,
            "path": cause.path or None,
            "example": cause.example.completion.case_id,
            "cases": list(cause.case_ids),
        }
        for cause in causes
    ]


def _task(task: TaskDecision) -> JsonValue:
    return {
        "task": task.task,
        "kept": task.is_kept,
        "margin": task.policy.margin,
        "outcome": task.outcome.value,
        "reason": task.reason.value,
        "composite": _evidence(task.composite),
        "behaviors": [_evidence(found) for found in task.behaviors],
        "new_wordings": _plain(task.wordings),
        "pinned": list(task.pinned),
        "pinned_failing": list(task.pinned_failing),
        "pinned_unjudged": list(task.pinned_unjudged),
        "unjudged": _plain(task.unjudged),
        "causes": [_causes(found) for found in deciding_causes(task, task.policy)],
        "budgets_lost": list(dict.fromkeys(lost.behavior for lost in task.resources.budgets_lost)),
        "values_over_budget": [asdict(lost) for lost in task.resources.budgets_lost],
        "latency": _plain(task.resources.latency),
        "memory": _plain(task.resources.memory),
        "smallest_detectable_drop": task.detectable,
        "cases_needed": task.cases_needed,
        "is_saturated": task.is_saturated,
        "regressed": [case.sample.case_id for case in regressed_cases(task)],
        "only_before": [c.sample.case_id for c in task.comparison.bucket(Change.REMOVED)],
        "only_after": [c.sample.case_id for c in task.comparison.bucket(Change.ADDED)],
    }


def _evidence(found: PairedTest) -> JsonValue:
    """The values of a PairedTest, without those of its cases; the interval is that of the drop, so
    that a loss is positive."""
    told = asdict(replace(found, graded=None))
    is_graded = {"graded": found.graded is not None}
    return {"drop": found.drop, **{k: _plain(v) for k, v in told.items()}, **is_graded}


def _run(run: RunRecord) -> JsonValue:
    return {
        "id": run.id,
        "status": run.status,
        "created": run.created,
        "seconds": run.seconds,
        "plan_fingerprint": run.plan_fingerprint,
        "models": _plain(run.models),
        "tasks": _plain(run.tasks),
        "results": [_result(result) for result in run.results],
        "noise": _plain(run.noise),
        "counterexamples": [_counterexample(found) for found in run.counterexamples],
        "environment": _plain(run.environment),
    }


def _result(result: BehaviorResult) -> JsonValue:
    """The values of a result; of graded answers each field has its rate beside its counts."""
    if result.shares is None:
        return _plain(result)
    fields: list[JsonValue] = [
        {**asdict(found), "rate": found.rate} for found in result.shares.fields
    ]
    recall = _plain(result.shares.path_recall)
    told = _plain(replace(result, shares=None))
    assert isinstance(told, dict), "it is made of a dataclass"
    return {**told, "shares": {"path_recall": recall, "fields": fields}}


def _counterexample(found: Counterexample) -> JsonValue:
    """The smallest failing prompt with its answer; no other file holds these texts."""
    sample = found.sample
    verdict = sample.verdicts.get(found.behavior)
    return {
        "behavior": found.behavior,
        "model": sample.model,
        "task": sample.task,
        "case_id": sample.case_id,
        "drawn_from": found.drawn_from,
        "steps": found.steps,
        "requests": found.requests,
        "is_bounded": found.is_bounded,
        "messages": _plain(sample.messages),
        "completion": sample.completion.text,
        "code": verdict.code.value if verdict and verdict.code else None,
        "reason": verdict.reason if verdict else "",
    }


def _lift(lift: TaskLift) -> JsonValue:
    """The numbers of a grammar's lift on one task."""
    return {"task": lift.task, "models": [_model_lift(model) for model in lift.models]}


def _model_lift(lift: ModelLift) -> JsonValue:
    behaviors: dict[str, JsonValue] = {
        name: {**_both(rates), "is_held_by_grammar": name in FORM}
        for name, rates in lift.rates.items()
    }
    return {
        "model": lift.model,
        "behaviors": behaviors,
        "cases_fixed": lift.cases_fixed,
        "cases_broken": lift.cases_broken,
        "cut_short": _both(lift.cut_short),
        "tokens_per_second": lift.tokens_per_second and _both(lift.tokens_per_second),
        "p50_seconds": lift.p50_seconds and _both(lift.p50_seconds),
    }


def _both(numbers: tuple[float | None, float | None]) -> dict[str, JsonValue]:
    free, constrained = numbers
    return {"free": free, "constrained": constrained}


def _noise(report: Report) -> JsonValue:
    """The cases whose verdict flips between runs of one model; ``None`` without such runs."""
    if report.noise is None:
        return None
    tasks: dict[str, JsonValue] = {
        name: {"judged": found.judged, "flipped": _plain(sorted(found.flipped))}
        for name, found in report.noise.tasks.items()
    }
    return {"source": report.noise.source, "tasks": tasks}


def _side(side: Side) -> JsonValue:
    return {"run": side.record.id, "model": side.model}


def _comparison(comparison: Comparison) -> JsonValue:
    changes = (comparison.composite, *comparison.behaviors)
    return {
        "task": comparison.task,
        "sentence": sentences.of_comparison(comparison),
        "required": list(comparison.required),
        "changes": {
            c.behavior: {change.value: c.count(change) for change in Change} for c in changes
        },
        "cases": [
            {
                "case_id": case.sample.case_id,
                "repeat": case.sample.repeat,
                "change": case.change.value,
                "behaviors": {name: change.value for name, change in case.behaviors.items()},
            }
            for case in comparison.cases
        ],
    }


def _plain(value: object) -> JsonValue:
    """Dataclasses and mappings as dicts, tuples as lists, as ``json`` writes them."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    assert value is None or isinstance(value, bool | int | float | str)
    return value
