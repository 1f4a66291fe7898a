"""Sentences about graded answers: how much of their references they have, and in which fields."""

from collections.abc import Iterator, Sequence

from harness.core.grade import FieldGrade
from harness.core.record import BehaviorResult
from harness.gate.drivers import NEARLY_ALL, Driver, driver_of
from harness.gate.outcome import TaskEvidence
from harness.gate.policy import GatePolicy
from harness.report.words import numbers as words

MAX_FIELDS = 5
"""Fields that are named on one line: the worst."""


def share_lines(result: BehaviorResult) -> Iterator[str]:
    """How many answers have every leaf, and the fields that lack most; nothing where answers are
    not graded."""
    if result.shares is None:
        return
    recall = result.shares.path_recall
    yield (
        f"{result.behavior}: all leaves in {result.passed:,} of "
        f"{words.plural(result.passed + result.failed, 'answer')}, path recall "
        f"{words.percent(recall.rate)} ({words.interval(recall.interval)})"
    )
    yield f"fields: {fields_told(result.shares.fields)}"


def fields_told(fields: Sequence[FieldGrade]) -> str:
    """``/amount 68.3% of 60, /items/*/p 97.5% of 120, 2 more at 98.3% or above``."""
    ordered = worst_first(fields)
    lacking = [f for f in ordered if f.rate < 1]
    if not lacking:
        return f"all {len(ordered)} at 100.0%" if len(ordered) > 1 else "the one at 100.0%"
    shown = [
        f"{name_of(f.pointer)} {words.percent(f.rate)} of {f.leaves:,}"
        for f in lacking[:MAX_FIELDS]
    ]
    rest = ordered[len(shown) :]
    least = words.percent(rest[0].rate) if rest else ""
    above = "" if not rest or rest[0].rate == 1 else " or above"
    return ", ".join([*shown, *([f"{len(rest)} more at {least}{above}"] if rest else [])])


def worst_first(fields: Sequence[FieldGrade]) -> list[FieldGrade]:
    """The fields by their rate, those of one rate in their order."""
    return sorted(fields, key=lambda f: f.rate)


def name_of(pointer: str) -> str:
    """A field's pointer; the whole reference, where that is one leaf, has none."""
    return pointer or "the value"


def driver_lines(task: TaskEvidence, policy: GatePolicy) -> Iterator[str]:
    """For each graded behavior that fell for sure, or whose drop is not bounded, the field that
    drove it: ``leaf_values: amount: 96.0% to 88.0%, nearly all of it in tag currency:EUR.``"""
    unbounded = task.unbounded(policy)
    for found in task.behaviors:
        if found.graded is None or not (found.is_loss or found in unbounded):
            continue
        driver = driver_of(task.comparison.cases, found.behavior)
        if driver is not None:
            yield f"{found.behavior}: {told(driver)}."


def told(driver: Driver) -> str:
    """``/amount: 96.0% to 88.0%, nearly all of it in tag currency:EUR``."""
    rates = f"{words.percent(driver.before)} to {words.percent(driver.after)}"
    part = "" if driver.share >= NEARLY_ALL else f" ({driver.share:.0%} of the lost leaves)"
    line = f"{name_of(driver.pointer)}: {rates}{part}"
    if driver.where is None:
        return line
    amount = "nearly all" if driver.where.share >= NEARLY_ALL else f"{driver.where.share:.0%}"
    return f"{line}, {amount} of it in {driver.where.kind} {driver.where.name}"
