"""Properties of a behavior's test: its numbers, which pytest writes to the JUnit XML."""

from collections.abc import Iterator

import pytest

from harness.core.held_values import held_values
from harness.core.record import BehaviorResult


def set_properties(item: pytest.Item, result: BehaviorResult) -> None:
    """Give a test the numbers of its result, in place of those of an earlier run of it."""
    found = dict(_properties(result))
    others = [one for one in item.user_properties if one[0] not in found]
    item.user_properties[:] = [*others, *found.items()]


def _properties(result: BehaviorResult) -> Iterator[tuple[str, object]]:
    """Name and value of each number: those of a rate, or those that were measured."""
    judged = result.passed + result.failed
    if result.rate is not None:
        yield "rate", round(result.rate, 6)
    if result.interval is not None:
        low, high = result.interval
        yield "interval_low", round(low, 6)
        yield "interval_high", round(high, 6)
    if not result.measured:
        yield "n", judged
        yield "errors", result.errors
    if result.budget is not None:
        yield "budget", result.budget
    held = held_values(result)
    for one in held if len(held) > 1 else ():
        yield f"budget_{one.name}", one.most
    for name, value in result.measured.items():
        yield name, round(value, 6)
