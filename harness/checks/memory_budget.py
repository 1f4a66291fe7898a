"""Holds the memory of a model's process to its task's budget."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.checks.declared.budgets import Measured, within
from harness.checks.declared.output import RunDeclarations
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("memory",)
BUDGETS = ("peak_memory_mb",)
NO_RATE = f"its budget is {BUDGETS[0]}"


@dataclass(frozen=True, slots=True)
class MemoryBudget:
    """Rejects a run whose process took 1,720 MB where the task allows 1,500 MB."""

    budgets: Mapping[str, float]
    """The task's budgets; those that end in ``_mb`` are held."""

    def judge(self, evidence: Measured) -> Verdict:
        return within(self.budgets, evidence, "_mb", "MB", FailureCode.TOO_BIG)


def run_check_for(task: RunDeclarations) -> MemoryBudget:
    return MemoryBudget(task.budgets)
