"""Holds what was measured over a whole run against the most that a task allows."""

from collections.abc import Mapping
from typing import Protocol

from harness.core.verdict import FailureCode, Verdict


class Measured(Protocol):
    """Evidence that names its numbers with their unit: ``p95_seconds``, ``peak_memory_mb``."""

    @property
    def measured(self) -> Mapping[str, float]: ...


def within(
    budgets: Mapping[str, float], evidence: Measured, suffix: str, unit: str, code: FailureCode
) -> Verdict:
    """``failed`` with ``code`` where a measured number is above the budget of its name."""
    most = {n.removeprefix("latency_"): b for n, b in budgets.items() if n.endswith(suffix)}
    over = [
        f"{name.removesuffix(suffix)} took {found:.4g} {unit}, the budget is {most[name]:g} {unit}"
        for name, found in evidence.measured.items()
        if name in most and found > most[name]
    ]
    return Verdict.failed(code, "; ".join(over)) if over else Verdict.passed()
