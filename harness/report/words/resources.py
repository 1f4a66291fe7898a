"""Latency and memory before and after, as sentences."""

from collections.abc import Iterator

from harness.gate.policy import GatePolicy
from harness.gate.resources import LatencyChange, LostBudget, MemoryChange, ResourceChange
from harness.report.words import numbers as words
from harness.stats.ratios import FAR

NOTABLE = 0.1
"""A change of memory that is reported even without a limit in the policy."""
ALARM = "MISSED: "
"""The beginning of a line that is shown in red, although it decides nothing."""


def is_alarm(line: str) -> bool:
    """True for a line of ``alarms``, also where it stands further in or names its task first."""
    return ALARM in line


def alarms(resources: ResourceChange, policy: GatePolicy) -> Iterator[str]:
    """A line where latency budgets are newly missed by times that decide nothing."""
    missed = () if resources.is_too_slow(policy) else resources.latency_budgets_lost
    if missed:
        yield (
            f"{ALARM}{'; '.join(map(lost, missed))}. This is no regression by itself: "
            f"{_because(resources)}."
        )


def lines(resources: ResourceChange, policy: GatePolicy) -> Iterator[str]:
    """The lines on one task's latency and memory."""
    if resources.latency is not None:
        yield latency(resources.latency, policy.confidence)
    if resources.memory is not None and (
        policy.max_memory_increase is not None or abs(resources.memory.increase) >= NOTABLE
    ):
        yield words.sentence(memory(resources.memory))
    if resources.memory is None and policy.max_memory_increase is not None:
        yield "Memory was not measured on both sides, so nothing is decided by it."
    if policy.max_latency_increase is not None and resources.latency is None:
        yield "Latency was not measured on both sides, so nothing is decided by it."
    decided = (*resources.memory_budgets_lost, *resources.latency_budgets_lost)
    others = [missed for missed in resources.budgets_lost if missed not in decided]
    if others:
        yield f"Newly missed over the whole run, not decided upon: {'; '.join(map(lost, others))}."


def latency(found: LatencyChange, confidence: float) -> str:
    """``Latency: 1.03 times (95% interval 0.98 to 1.07; 20 cases timed in turns, median 0.4 s
    before, 0.41 s after).``"""
    medians = f"median {_seconds(found.before_seconds)} before, {_seconds(found.after_seconds)}"
    if found.ratio is None:
        return (
            f"Latency is not paired, {found.unpaired}: {medians} after; nothing is decided by it."
        )
    spread = "too few cases for an interval"
    if ends := found.ratio.interval:
        spread = f"{confidence * 100:.4g}% interval {ends.low:.2f} to {ends.high:.2f}"
    cases = f"{words.plural(found.ratio.cases, 'case')} timed in turns"
    return f"Latency: {found.ratio.ratio:.2f} times ({spread}; {cases}, {medians} after)."


def memory(found: MemoryChange) -> str:
    """``peak memory was 612 MB and is 701 MB (+14.5%)``."""
    was, now = (words.quantity("_mb", mb) for mb in (found.before_mb, found.after_mb))
    return f"peak memory was {was} and is {now} ({words.signed(found.increase * 100)}%)"


def memory_fault(resources: ResourceChange) -> str:
    """The reason for a regression by memory: the budget where one is missed, else the increase."""
    if resources.memory_budgets_lost:
        return lost(resources.memory_budgets_lost[0])
    assert resources.memory is not None, "it grew"
    return memory(resources.memory)


def latency_fault(resources: ResourceChange, policy: GatePolicy) -> str:
    """The reason for a regression by latency."""
    assert resources.latency is not None, "it was paired"
    ratio = resources.latency.ratio
    assert ratio is not None, "it was paired"
    limit = 1 + (policy.max_latency_increase or 0)
    tail = ratio.tail(limit)
    if ratio.interval is None or ratio.interval.low <= limit:
        said = (
            f"{tail.slower} of {words.plural(ratio.cases, 'timed case')} take more than "
            f"{limit * FAR:.3g} times as long, {tail.faster} less than {limit / FAR:.2g} times"
        )
    else:
        low, high = ratio.interval
        said = f"answers take {ratio.ratio:.2f} times as long (interval {low:.2f} to {high:.2f})"
    return "; ".join([said, *map(lost, resources.latency_budgets_lost)])


def undecided(resources: ResourceChange, policy: GatePolicy) -> str:
    """The reason why latency leaves the decision open, and what would decide it."""
    assert resources.latency is not None, "it was paired"
    assert resources.latency.ratio is not None, "it was paired"
    assert policy.max_latency_increase is not None, "it was asked for"
    limit = f"the limit is {1 + policy.max_latency_increase:.4g} times"
    more = "more timed cases (latency_cases in task.yaml) would narrow it"
    ends = resources.latency.ratio.interval
    tail = resources.latency.ratio.tail(1 + policy.max_latency_increase)
    if tail.is_heavy:
        far = f"{(1 + policy.max_latency_increase) * FAR:.3g} times as long"
        return f"{tail.slower} of {tail.cases} timed cases take more than {far}, {limit}: {more}."
    if ends is None:
        few = words.plural(resources.latency.ratio.cases, "timed case")
        return f"{few} bound no latency, {limit}: {more}."
    return f"A latency of {ends.high:.2f} times cannot be ruled out, {limit}: {more}."


def lost(missed: LostBudget) -> str:
    """``latency_budget p50 was 0.8 s and is 1.6 s, at most 1 s``."""
    name, value = missed.name, missed.before
    label = words.label(name)
    of_several = f" {label}" if name.endswith("_seconds") else ""
    before = "" if value is None else f"was {words.quantity(name, value)} and "
    now = words.quantity(name, missed.after)
    return f"{missed.behavior}{of_several} {before}is {now}, {words.limit(name, missed.budget)}"


def _because(found: ResourceChange) -> str:
    """The reason why times above a budget decide nothing."""
    latency = found.latency
    if latency is None:
        return "latency was not measured case by case on both sides"
    if latency.ratio is None:
        return f"the times are not paired, {latency.unpaired}"
    if not latency.is_over(0):
        return "in turns with the model before it is no slower than chance explains"
    return f"{found.busy}; max_latency_increase holds the times taken in turns to a limit"


def _seconds(value: float) -> str:
    return words.quantity("_seconds", value)
