"""What is asked of a change before it may pass: ``[tool.harness.gate]``, or flags."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.stats.intervals import CONFIDENCE

Allowable = Literal["tasks", "cases", "prompts", "schema", "decoding", "required"]
"""What may be allowed to differ between two runs that are compared all the same."""
ALLOWABLE: tuple[Allowable, ...] = ("tasks", "cases", "prompts", "schema", "decoding", "required")

BEHAVIORS_SHARE = 0.1
"""Of the chance of a false alarm, what is spent on single behaviors; the rest is the composite's.
Together they stay within it (Bonferroni)."""


class GatePolicy(BaseModel):
    """The table ``[tool.harness.gate]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    margin: float = Field(0.02, gt=0, lt=1)
    """The drop that would be accepted: below it a change counts as no worse. A share, so 0.02 is
    two points."""
    confidence: float = Field(CONFIDENCE, gt=0.5, lt=1)
    """Of every interval; 1 - confidence is the chance of a false alarm."""
    min_cases: int = Field(30, gt=0)
    """Fewer judged pairs than this never pass, however wide the margin."""
    max_errors: float = Field(0.02, ge=0, lt=1)
    """More errors than this share of the answers of either side cannot be judged."""
    noise_floor: float = Field(0.0, ge=0, lt=1)
    """The share of cases that flip when the baseline is judged against itself under another
    batching: no regression rests on fewer flips than it explains."""
    max_latency_increase: float | None = Field(None, ge=0, allow_inf_nan=False)
    """The increase of the typical case's latency that would be accepted: 0.1 is a tenth. Only of
    times that were measured in turns in one session. ``None`` asks for none."""
    max_memory_increase: float | None = Field(None, ge=0, allow_inf_nan=False)
    """The increase of the peak memory that would be accepted. ``None`` asks for none."""
    k: int | None = Field(None, gt=0)
    """pass@k and pass^k are told for this k; ``None`` takes as many answers as each case has."""
    allow: tuple[Allowable, ...] = ()
    """What may differ between the runs."""

    @property
    def composite_alpha(self) -> float:
        """The level of the tests of ``format_success_rate``, all tasks together."""
        return (1 - self.confidence) * (1 - BEHAVIORS_SHARE)

    @property
    def behaviors_alpha(self) -> float:
        """The level of the tests of single behaviors, all behaviors and tasks together."""
        return (1 - self.confidence) * BEHAVIORS_SHARE
