"""Measurements of a whole run: latency and memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from harness.core.completion import Completion, FinishReason


@dataclass(frozen=True, slots=True)
class Latency:
    """Latency of requests that were generated one at a time, after a warm-up."""

    seconds: tuple[float, ...]
    """Wall time of each whole answer."""
    first_token_seconds: tuple[float, ...]

    @classmethod
    def of(cls, completions: Sequence[Completion]) -> "Latency | None":
        """Build from timed completions; ``None`` where none of them succeeded."""
        timings = [
            c.timing for c in completions if c.timing and c.finish_reason is not FinishReason.ERROR
        ]
        if not timings:
            return None
        return cls(tuple(t.seconds for t in timings), tuple(t.first_token_seconds for t in timings))

    @property
    def measured(self) -> Mapping[str, float]:
        """Values by name with unit. Budgets have the same names, some prefixed by ``latency_``."""
        return {
            "mean_seconds": fmean(self.seconds),
            "p50_seconds": quantile(self.seconds, 0.5),
            "p95_seconds": quantile(self.seconds, 0.95),
            "first_token_seconds": quantile(self.first_token_seconds, 0.5),
        }


@dataclass(frozen=True, slots=True)
class Memory:
    """Peak memory of the backend's process."""

    peak_memory_mb: float
    """MB of 10^6 bytes."""

    @property
    def measured(self) -> Mapping[str, float]:
        return {"peak_memory_mb": self.peak_memory_mb}


def quantile(values: Sequence[float], share: float) -> float:
    """The nearest-rank quantile: the smallest value that at least ``share`` of ``values`` do not
    exceed. It is always a measured value, never an interpolation."""
    ordered = sorted(values)
    rank = -(-share * len(ordered) // 1)
    return ordered[max(0, int(rank) - 1)]
