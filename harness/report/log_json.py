"""The decision on an experiment for machines."""

from collections.abc import Sequence
from dataclasses import asdict

from harness.ab.experiment import ARMS
from harness.core.case import JsonValue
from harness.core.measurement import quantile
from harness.gate.log_decision import LogDecision, LogTaskDecision, LogTest
from harness.report.words import log_decision as decisions


def decided(decision: LogDecision, remarks: Sequence[str] = ()) -> dict[str, JsonValue]:
    """The decision, with every number that it rests on."""
    return {
        "outcome": decision.outcome.value,
        "exit_code": decision.exit_code,
        "sentence": decisions.sentence(decision),
        "explanation": [*decisions.explanation(decision), *remarks],
        "policy": decision.policy.model_dump(mode="json"),
        "models": {str(arm): ref for arm, ref in decision.models.items()},
        "first": decision.first,
        "last": decision.last,
        "key_hours": decision.hours,
        "split": {
            "keys": decision.split.keys,
            "candidates": decision.split.candidates,
            "expected": decision.split.expected,
            "evidence": decision.split.evidence,
            "is_mismatch": decision.split.is_mismatch,
        },
        "refused": [asdict(found) for found in decision.refused],
        "tasks": [_task(task) for task in decision.tasks],
        "seconds": {
            str(arm): {
                f"p{share * 100:.0f}": quantile(decision.seconds[arm], share)
                for share in decisions.QUANTILES
            }
            for arm in ARMS
            if decision.seconds[arm]
        },
    }


def _task(task: LogTaskDecision) -> JsonValue:
    return {
        "task": task.task,
        "outcome": task.outcome.value,
        "reason": task.reason.value,
        "required": list(task.required),
        "composite": _test(task.composite),
        "behaviors": [_test(found) for found in task.behaviors],
        "keys_waiting": task.keys.waiting,
        "keys_switched": task.keys.switched,
        "keys_needed": task.keys_needed,
    }


def _test(found: LogTest) -> JsonValue:
    """The interval is that of the drop, so that a loss is positive."""
    return {
        "behavior": found.behavior,
        "before": asdict(found.before),
        "after": asdict(found.after),
        "drop": found.drop,
        "interval": [found.interval.low, found.interval.high],
        "p_value": found.p_value,
    }
