"""What answers cost before and after: seconds and memory, and how far a change of them is known.

Latency is paired case by case where both sides were timed in turns in one session; times of two
sessions differ by the machine's mood and are told, never judged. Memory is one number a side.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from harness.core.record import TimedAnswer
from harness.gate.compare import BehaviorChange, Comparison, Side
from harness.gate.policy import GatePolicy
from harness.stats.ratios import MedianRatio, median_ratio

_MEMORY = "peak_memory_mb"
_SECONDS = "_seconds"


@dataclass(frozen=True, slots=True)
class LatencyChange:
    """How long the timed cases took, before and after."""

    before_seconds: float
    """Median of the cases timed on both sides."""
    after_seconds: float
    ratio: MedianRatio | None
    """After over before, paired; ``None`` where the times cannot be paired."""
    unpaired: str = ""
    """Why they cannot."""

    @property
    def is_slower(self) -> bool:
        """More than chance explains."""
        return self._is_above(1.0)

    def is_over(self, limit: float) -> bool:
        """Whether the typical case surely takes more than ``1 + limit`` times as long."""
        return self._is_above(1 + limit)

    def is_within(self, limit: float) -> bool:
        """Whether the typical case surely takes at most ``1 + limit`` times as long."""
        ends = self.ratio.interval if self.ratio else None
        return ends is not None and ends.high <= 1 + limit

    def _is_above(self, ratio: float) -> bool:
        ends = self.ratio.interval if self.ratio else None
        return ends is not None and ends.low > ratio


@dataclass(frozen=True, slots=True)
class MemoryChange:
    """The peaks of the two models' processes, in MB of 10^6 bytes."""

    before_mb: float
    after_mb: float

    @property
    def increase(self) -> float:
        """As a share of what it was: 0.1 is a tenth more."""
        return self.after_mb / self.before_mb - 1


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """Of one task, from before to after."""

    budgets_lost: tuple[BehaviorChange, ...] = ()
    """Measured over a run: met before, missed after."""
    latency: LatencyChange | None = None
    """``None`` where one side was not timed."""
    memory: MemoryChange | None = None
    """``None`` where one side was not measured."""

    @property
    def memory_budgets_lost(self) -> tuple[BehaviorChange, ...]:
        return tuple(c for c in self.budgets_lost if _measures(c, _MEMORY))

    @property
    def latency_budgets_lost(self) -> tuple[BehaviorChange, ...]:
        return tuple(c for c in self.budgets_lost if _measures(c, _SECONDS))

    def is_over_memory(self, policy: GatePolicy) -> bool:
        """Memory: a budget is newly missed, or it grew by more than the policy accepts."""
        limit = policy.max_memory_increase
        grown = limit is not None and self.memory is not None and self.memory.increase > limit
        return grown or bool(self.memory_budgets_lost)

    def is_too_slow(self, policy: GatePolicy) -> bool:
        """Latency: surely above what the policy accepts, or surely slower and over a budget that
        was met before."""
        if self.latency is None:
            return False
        limit = policy.max_latency_increase
        is_over = limit is not None and self.latency.is_over(limit)
        return is_over or (self.latency.is_slower and bool(self.latency_budgets_lost))

    def is_maybe_too_slow(self, policy: GatePolicy) -> bool:
        """Latency was paired, and what the policy accepts lies within the interval."""
        limit = policy.max_latency_increase
        if limit is None or self.latency is None or self.latency.ratio is None:
            return False
        return not self.latency.is_within(limit)


def resource_change(comparison: Comparison, confidence: float) -> ResourceChange:
    """Everything that was measured of a task on both sides."""
    before, after, task = comparison.before, comparison.after, comparison.task
    return ResourceChange(
        budgets_lost=tuple(_budgets_lost(before, after, task)),
        latency=latency_change(before, after, task, confidence),
        memory=_memory_change(before, after),
    )


def latency_change(before: Side, after: Side, task: str, confidence: float) -> LatencyChange | None:
    """The times of the cases that both sides were timed on; ``None`` where there are none."""
    old, new = _timed(before, task), _timed(after, task)
    shared = [key for key in old if key in new]
    if not shared:
        return None
    was, now = [old[k].seconds for k in shared], [new[k].seconds for k in shared]
    unpaired = _why_unpaired(before, after)
    if not unpaired and min(*was, *now) <= 0:
        unpaired = "a time of 0 seconds cannot be compared"
    ratio = None if unpaired else median_ratio(was, now, confidence)
    return LatencyChange(median(was), median(now), ratio, unpaired)


def _timed(side: Side, task: str) -> dict[tuple[str, str], TimedAnswer]:
    """By case and prompt."""
    return {
        (t.case_id, t.prompt_sha256): t
        for t in side.record.timed
        if (t.model, t.task) == (side.model, task)
    }


def _why_unpaired(before: Side, after: Side) -> str:
    if before.record.id != after.record.id:
        return "measured in different sessions"
    return "" if after.record.is_interleaved else "measured one model after the other"


def _memory_change(before: Side, after: Side) -> MemoryChange | None:
    peaks = [
        m.peak_memory_mb
        for side in (before, after)
        if (m := side.model_record) and m.is_measurable and m.peak_memory_mb
    ]
    return MemoryChange(*peaks) if len(peaks) == 2 else None


def _budgets_lost(before: Side, after: Side, task: str) -> Iterable[BehaviorChange]:
    """Budgets of whole runs (memory, latency) that were met before and are missed after."""
    for result in after.record.results:
        if (result.model, result.task) == (after.model, task) and result.measured:
            was = before.result(task, result.behavior)
            if was is not None and was.met and result.met is False:
                yield BehaviorChange(result.behavior, was, result, {})


def _measures(change: BehaviorChange, ending: str) -> bool:
    found = change.after.measured if change.after else {}
    return any(name.endswith(ending) for name in found)
