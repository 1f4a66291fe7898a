"""The measured values of a result that a task's budgets hold, one by one."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.core.record import BehaviorResult

RATE_ENDING = "_rate"
"""The ending of a measured share; every other measured value has a unit and an upper limit."""


@dataclass(frozen=True, slots=True)
class HeldValue:
    """A measured value and the most that the task allows."""

    name: str
    """With its unit: ``p50_seconds``."""
    value: float
    most: float

    @property
    def is_met(self) -> bool:
        return self.value <= self.most


def held_values(result: BehaviorResult) -> tuple[HeldValue, ...]:
    """The measured values that have an upper limit, in the order of measurement."""
    limits = _limits(result)
    measured = result.measured.items()
    return tuple(HeldValue(name, value, limits[name]) for name, value in measured if name in limits)


def _limits(result: BehaviorResult) -> Mapping[str, float]:
    if result.limits or result.budget is None or not result.measured:
        return result.limits
    name = shown_value(result)
    return {} if name.endswith(RATE_ENDING) else {name: result.budget}


def shown_value(result: BehaviorResult) -> str:
    """Name of the measured value that stands for all: the one that ``budget`` limits, else the p95,
    else the first."""
    if result.limited is not None and result.limited in result.measured:
        return result.limited
    tail = (name for name in result.measured if name.startswith("p95"))
    return next(tail, next(iter(result.measured)))
