"""The gate's policy: thresholds from ``[tool.harness.gate]`` or from flags."""

from typing import Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field

from harness.stats.intervals import CONFIDENCE
from harness.stats.paired import Tails

Allowable = Literal[
    "tasks", "cases", "prompts", "schema", "compare", "items", "decoding", "required"
]
"""Differences between two runs that a policy may allow."""
ALLOWABLE: tuple[Allowable, ...] = get_args(Allowable)

INTERVAL_SHARE = 0.6
"""Share of the error rate with which each end of the interval of ``format_success_rate`` may miss:
3 of 5%. The least at which 300 cases pass an unchanged model in 58% of runs if 2% of them flip, and
show a drop of 3.5 points in 80%; both errors stay below 5% (``benchmarks/gate_simulation/``)."""
BEHAVIORS_SHARE = 0.2
"""Share of the error rate that is spent on losses of single behaviors; with the composite's it
keeps the rate (Bonferroni)."""

BEHAVIOR_MARGIN_SHARE = 0.8
"""Share of the error rate with which the bound of a required behavior's drop may miss: at 4 of 5%
it passes a drop of the margin in 5% of runs at every number of cases, at 5% in 6%."""
ANCHOR_SHARE = 0.4
"""Share of the error rate that the decision against an anchor has. With it half a point lost on
each of ten changes is a regression by the tenth in 95% of runs of 300 cases, and an unchanged model
is called one, against its baseline or its anchor, in at most 5%
(``benchmarks/gate_simulation/drift.py``)."""

Scope = Literal["these", "new"]
"""The question that a pass answers: about these wordings, or about new ones too."""
SCOPES: tuple[Scope, ...] = ("these", "new")
FEW_WORDINGS = 16
"""Fewer wordings claim nothing about new ones."""


class GatePolicy(BaseModel):
    """The table ``[tool.harness.gate]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    margin: float = Field(0.02, gt=0, lt=1)
    """The accepted drop, as a share of cases: 0.02 is two points."""
    confidence: float = Field(CONFIDENCE, gt=0.5, lt=1)
    """1 - confidence is the largest share of false alarms, and of false passes."""
    kept_margin: float = Field(0.1, gt=0, lt=1)
    """The accepted drop of a kept skill, unless ``margin`` is wider. 60 cases without a flip bound
    a drop at 4.9 points, with two that broke and two that were fixed at 8.1."""
    anchor_margin: float = Field(0.04, gt=0, lt=1)
    """The accepted drop since a baseline's anchor, over all changes together."""
    scope: Scope = "these"
    """What a pass speaks about: cases of ``"these"`` wordings, or ``"new"`` wordings too."""
    wording_margin: float = Field(0.05, gt=0, lt=1)
    """The accepted drop over new wordings, which only ``scope = "new"`` asks for."""
    min_cases: int = Field(30, gt=0)
    """Fewer judged pairs than this never pass, however wide the margin."""
    max_errors: float = Field(0.02, ge=0, lt=1)
    """The largest share of errors among the answers of either side; above it, nothing is judged."""
    noise_floor: float = Field(0.0, ge=0, lt=1)
    """The share of cases that flip when the baseline is compared with itself under another
    batching. Where fewer flipped, a loss is judged as if the rest had, half of them each way."""
    max_latency_increase: float | None = Field(None, ge=0, allow_inf_nan=False)
    """The accepted increase of the typical case's latency: 0.1 is a tenth. It applies only to times
    measured interleaved in one session. ``None``: no limit."""
    max_memory_increase: float | None = Field(None, ge=0, allow_inf_nan=False)
    """The accepted increase of peak memory, as a share. ``None``: no limit."""
    k: int | None = Field(None, gt=0)
    """The k of pass@k and pass^k; ``None``: the number of answers per case."""
    allow: tuple[Allowable, ...] = ()
    """Differences between the runs that are allowed. ``compare`` and ``items`` are a task's rules
    for the reference's values and for numbers of items."""

    @property
    def anchored(self) -> "GatePolicy":
        """The policy against an anchor. Its latency and memory are not limited: their limits are
        for one change."""
        return self.model_copy(
            update={
                "margin": self.anchor_margin,
                "confidence": 1 - (1 - self.confidence) * ANCHOR_SHARE,
                "max_latency_increase": None,
                "max_memory_increase": None,
            }
        )

    def for_task(self, *, is_kept: bool) -> Self:
        """The policy with the margin of a task: of a kept skill its own."""
        wider = max(self.margin, self.kept_margin) if is_kept else self.margin
        return self.model_copy(update={"margin": wider})

    def with_measured_noise(self, flip_rate: float | None) -> "GatePolicy":
        """The policy with a measured noise floor, unless it sets one itself."""
        if flip_rate is None or "noise_floor" in self.model_fields_set:
            return self
        return self.model_copy(update={"noise_floor": flip_rate})

    @property
    def tails(self) -> Tails:
        """Of the interval of ``format_success_rate``; where nothing flipped its bound is exact."""
        tail = (1 - self.confidence) * INTERVAL_SHARE
        return Tails(tail, tail, 1 - self.confidence)

    def tails_of(self, tasks: int) -> Tails:
        """Those of the task that fell most, of several: its low end is at Holm's first level of the
        half that the test of all cases leaves."""
        return self.tails if tasks == 1 else self.tails._replace(low=self.tails.low / (2 * tasks))

    @property
    def interval_confidence(self) -> float:
        """Two-sided confidence of the interval of ``format_success_rate`` of one task: 0.94."""
        return 1 - self.tails.low - self.tails.high

    @property
    def behavior_tails(self) -> Tails:
        """Of a single behavior's interval: the low end over all behaviors and tasks together."""
        alpha = 1 - self.confidence
        return Tails(alpha * BEHAVIORS_SHARE, alpha * BEHAVIOR_MARGIN_SHARE, alpha)

    @property
    def wording_tails(self) -> tuple[float, float]:
        """Of the interval of the drop over new wordings."""
        return 1 - self.confidence, 1 - self.confidence
