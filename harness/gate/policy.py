"""The gate's policy: thresholds from ``[tool.harness.gate]`` or from flags."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.stats.intervals import CONFIDENCE

Allowable = Literal["tasks", "cases", "prompts", "schema", "decoding", "required"]
"""Differences between two runs that a policy may allow."""
ALLOWABLE: tuple[Allowable, ...] = ("tasks", "cases", "prompts", "schema", "decoding", "required")

BEHAVIORS_SHARE = 0.1
"""Share of the error rate that is spent on single behaviors; the composite gets the rest, so that
both together keep the rate (Bonferroni)."""


class GatePolicy(BaseModel):
    """The table ``[tool.harness.gate]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    margin: float = Field(0.02, gt=0, lt=1)
    """The accepted drop, as a share of cases: 0.02 is two points."""
    confidence: float = Field(CONFIDENCE, gt=0.5, lt=1)
    """Confidence of every interval; 1 - confidence is the rate of false alarms."""
    min_cases: int = Field(30, gt=0)
    """Fewer judged pairs than this never pass, however wide the margin."""
    max_errors: float = Field(0.02, ge=0, lt=1)
    """The largest share of errors among the answers of either side; above it, nothing is judged."""
    noise_floor: float = Field(0.0, ge=0, lt=1)
    """The share of cases that flip when the baseline is compared with itself under another
    batching. No regression rests on fewer flips than that explains."""
    max_latency_increase: float | None = Field(None, ge=0, allow_inf_nan=False)
    """The accepted increase of the typical case's latency: 0.1 is a tenth. It applies only to times
    measured interleaved in one session. ``None``: no limit."""
    max_memory_increase: float | None = Field(None, ge=0, allow_inf_nan=False)
    """The accepted increase of peak memory, as a share. ``None``: no limit."""
    k: int | None = Field(None, gt=0)
    """The k of pass@k and pass^k; ``None``: the number of answers per case."""
    allow: tuple[Allowable, ...] = ()
    """Differences between the runs that are allowed."""

    @property
    def composite_alpha(self) -> float:
        """Significance level of ``format_success_rate``, over all tasks together."""
        return (1 - self.confidence) * (1 - BEHAVIORS_SHARE)

    @property
    def behaviors_alpha(self) -> float:
        """Significance level of single behaviors, over all behaviors and tasks together."""
        return (1 - self.confidence) * BEHAVIORS_SHARE
