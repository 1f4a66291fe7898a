"""The report for machines: rates, changes and the case ids behind them, without the texts."""

import json
from collections.abc import Mapping
from dataclasses import asdict

from harness.compare import BehaviorChange, Change, Comparison, Side
from harness.core.case import JsonValue
from harness.core.record import BehaviorResult, RunRecord
from harness.report import sentences
from harness.report.contents import Report

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
        "comparisons": [_comparison(c) for c in report.comparisons],
    }


def _run(run: RunRecord) -> JsonValue:
    return {
        "id": run.id,
        "status": run.status,
        "created": run.created,
        "seconds": run.seconds,
        "plan_fingerprint": run.plan_fingerprint,
        "models": [_plain(asdict(model)) for model in run.models],
        "tasks": [_plain(asdict(task)) for task in run.tasks],
        "results": [_result(result) for result in run.results],
        "environment": _plain(dict(run.environment)),
    }


def _side(side: Side) -> JsonValue:
    return {"run": side.record.id, "model": side.model}


def _result(result: BehaviorResult) -> JsonValue:
    return _plain(asdict(result))


def _comparison(comparison: Comparison) -> JsonValue:
    changes: tuple[BehaviorChange, ...] = (comparison.composite, *comparison.behaviors)
    return {
        "task": comparison.task,
        "sentence": sentences.of_comparison(comparison),
        "required": list(comparison.required),
        "changes": {c.behavior: _counts(c.counts) for c in changes},
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


def _counts(counts: Mapping[Change, int]) -> JsonValue:
    return {change.value: counts.get(change, 0) for change in Change}


def _plain(value: object) -> JsonValue:
    """Tuples as lists and mappings as dicts: what ``json`` would make of them anyway."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    assert value is None or isinstance(value, bool | int | float | str)
    return value
