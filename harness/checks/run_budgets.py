"""Budgets of a whole run: what was measured against the most that the task allows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from harness.core.verdict import FailureCode, Verdict


class Measured(Protocol):
    """Evidence that names its numbers with their unit: ``p95_seconds``, ``peak_memory_mb``."""

    @property
    def measured(self) -> Mapping[str, float]: ...


@dataclass(frozen=True, slots=True)
class LatencyBudget:
    """Rejects a run whose p95 is 2.4 s where the task allows 2.0 s."""

    budgets: Mapping[str, float]
    """The task's budgets; those that end in ``_seconds`` are held."""

    def judge(self, evidence: Measured) -> Verdict:
        return _within(self.budgets, evidence, "_seconds", "s", FailureCode.TOO_SLOW)


@dataclass(frozen=True, slots=True)
class MemoryBudget:
    """Rejects a run whose process took 1,720 MB where the task allows 1,500 MB."""

    budgets: Mapping[str, float]
    """The task's budgets; those that end in ``_mb`` are held."""

    def judge(self, evidence: Measured) -> Verdict:
        return _within(self.budgets, evidence, "_mb", "MB", FailureCode.TOO_BIG)


def _within(
    budgets: Mapping[str, float], evidence: Measured, suffix: str, unit: str, code: FailureCode
) -> Verdict:
    most = {n.removeprefix("latency_"): b for n, b in budgets.items() if n.endswith(suffix)}
    over = [
        f"{name.removesuffix(suffix)} took {found:.4g} {unit}, the budget is {most[name]:g} {unit}"
        for name, found in evidence.measured.items()
        if name in most and found > most[name]
    ]
    return Verdict.failed(code, "; ".join(over)) if over else Verdict.passed()
