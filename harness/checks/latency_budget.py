"""Holds the latency of a run to its task's budgets."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.checks.declared.budgets import Measured, within
from harness.checks.declared.output import RunDeclarations
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("latency",)
BUDGETS = (
    "latency_mean_seconds",
    "latency_p50_seconds",
    "latency_p95_seconds",
    "first_token_seconds",
)
NO_RATE = f"its budgets are {', '.join(BUDGETS)}"


@dataclass(frozen=True, slots=True)
class LatencyBudget:
    """Rejects a run whose p95 is 2.4 s where the task allows 2.0 s."""

    budgets: Mapping[str, float]
    """The task's budgets; those that end in ``_seconds`` are held."""

    def judge(self, evidence: Measured) -> Verdict:
        return within(self.budgets, evidence, "_seconds", "s", FailureCode.TOO_SLOW)


def run_check_for(task: RunDeclarations) -> LatencyBudget:
    return LatencyBudget(task.budgets)
