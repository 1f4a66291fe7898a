"""Compares latency and peak memory of two sides.

Latency is paired by case where both sides were timed interleaved in one session. Times of two
sessions also differ by the state of the machine: they are reported and never judged. Peak memory is
one number per side.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from harness.core.held_values import held_values, shown_value
from harness.core.record import BehaviorResult, TimedAnswer
from harness.gate.compare import Comparison, Side
from harness.gate.policy import GatePolicy
from harness.stats.ratios import MedianRatio, median_ratio

_MEMORY = "peak_memory_mb"
_SECONDS = "_seconds"
TAIL_LEVEL = 0.025
"""Level of the test of the upper tail: as much as one end of the median's interval may miss."""


@dataclass(frozen=True, slots=True)
class LatencyChange:
    """Latency of the timed cases, before and after."""

    before_seconds: float
    """Median of the cases timed on both sides."""
    after_seconds: float
    ratio: MedianRatio | None
    """Median of after / before over pairs; ``None`` where the times cannot be paired."""
    unpaired: str = ""
    """Reason why the times cannot be paired."""

    def is_over(self, limit: float) -> bool:
        """The typical case takes more than ``1 + limit`` times as long, or far more cases do than
        take less: with 0, slower than by chance."""
        if self.ratio is None:
            return False
        ends = self.ratio.interval
        return (ends is not None and ends.low > 1 + limit) or (
            self.ratio.tail(1 + limit).p_value <= TAIL_LEVEL
        )

    def is_within(self, limit: float) -> bool:
        """The typical case's interval lies within ``1 + limit``, and no upper tail beyond it."""
        if self.ratio is None or self.ratio.tail(1 + limit).is_heavy:
            return False
        ends = self.ratio.interval
        return ends is not None and ends.high <= 1 + limit


@dataclass(frozen=True, slots=True)
class MemoryChange:
    """Peak memory of the two models' processes, in MB of 10^6 bytes."""

    before_mb: float
    after_mb: float

    @property
    def increase(self) -> float:
        """Increase as a share of the peak before: 0.1 is a tenth more."""
        return self.after_mb / self.before_mb - 1


@dataclass(frozen=True, slots=True)
class LostBudget:
    """A budget of a measured value that was met before and is missed after."""

    behavior: str
    name: str
    """The measured value, with its unit: ``p50_seconds``."""
    before: float | None
    after: float
    budget: float


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """Change of latency and memory of one task."""

    budgets_lost: tuple[LostBudget, ...] = ()
    """Budgets of measured values that were met before and are missed after."""
    busy: str = ""
    """One line where other programs took so much of the machine, before or after, that no absolute
    time says anything about a model."""
    latency: LatencyChange | None = None
    """``None`` where a side was not timed."""
    memory: MemoryChange | None = None
    """``None`` where a side was not measured."""

    @property
    def memory_budgets_lost(self) -> tuple[LostBudget, ...]:
        return tuple(lost for lost in self.budgets_lost if lost.name == _MEMORY)

    @property
    def latency_budgets_lost(self) -> tuple[LostBudget, ...]:
        return tuple(lost for lost in self.budgets_lost if lost.name.endswith(_SECONDS))

    def is_over_memory(self, policy: GatePolicy) -> bool:
        """A memory budget is newly missed, or peak memory grew by more than the policy accepts."""
        limit = policy.max_memory_increase
        grown = limit is not None and self.memory is not None and self.memory.increase > limit
        return grown or bool(self.memory_budgets_lost)

    def is_too_slow(self, policy: GatePolicy) -> bool:
        """Latency is significantly above the policy's limit, or significantly higher with a latency
        budget newly missed on a machine that was not busy: an absolute time on a busy one decides
        nothing."""
        if self.latency is None:
            return False
        limit = policy.max_latency_increase
        is_over = limit is not None and self.latency.is_over(limit)
        is_missed = bool(self.latency_budgets_lost) and not self.busy
        return is_over or (is_missed and self.latency.is_over(0))

    def is_maybe_too_slow(self, policy: GatePolicy) -> bool:
        """Latency is paired, and its interval reaches above the policy's limit."""
        limit = policy.max_latency_increase
        if limit is None or self.latency is None or self.latency.ratio is None:
            return False
        return not self.latency.is_within(limit)


def resource_change(comparison: Comparison, confidence: float) -> ResourceChange:
    """The change of latency and memory of a task."""
    before, after, task = comparison.before, comparison.after, comparison.task
    return ResourceChange(
        budgets_lost=tuple(_budgets_lost(before, after, task)),
        busy=next(
            (load.note for s in (after, before) if (load := s.record.load) and load.note), ""
        ),
        latency=latency_change(before, after, task, confidence),
        memory=_memory_change(before, after),
    )


def latency_change(before: Side, after: Side, task: str, confidence: float) -> LatencyChange | None:
    """Latency of the cases that both sides timed; ``None`` where there are none."""
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
    """Timed answers of one side by case id and prompt hash."""
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


def _budgets_lost(before: Side, after: Side, task: str) -> Iterable[LostBudget]:
    """Budgets of what is measured over whole runs (memory, latency, a share) that were met before
    and are missed after."""
    for result in after.record.results:
        was = before.result(task, result.behavior)
        if (result.model, result.task) == (after.model, task) and result.measured and was:
            yield from _values_lost(was, result)


def _values_lost(was: BehaviorResult, result: BehaviorResult) -> Iterable[LostBudget]:
    met = {held.name for held in held_values(was) if held.is_met}
    held_after = held_values(result)
    for held in held_after:
        if not held.is_met and (was.met or held.name in met):
            value = was.measured.get(held.name)
            yield LostBudget(result.behavior, held.name, value, held.value, held.most)
    if not held_after and was.met and result.met is False and result.budget is not None:
        name = shown_value(result)
        value = was.measured.get(name)
        yield LostBudget(result.behavior, name, value, result.measured[name], result.budget)
