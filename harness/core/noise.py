"""Noise of one run: the cases whose verdicts flip when they are answered again in other batches."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FlipRate:
    """How often a behavior's verdict on a case differs between two answers of one model."""

    task: str
    behavior: str
    """A behavior, or ``format_success_rate`` for all required ones together."""
    flipped: float
    """Cases that flipped; with several answers to a case, in equivalents of cases."""
    cases: int
    """Cases judged both times, from 1."""
    interval: tuple[float, float]
    """Exact 95% interval of the share of cases that flip."""

    def __post_init__(self) -> None:
        if self.cases < 1 or not 0 <= self.flipped <= self.cases:
            raise ValueError(f"{self.flipped} of {self.cases} cases cannot flip")

    @property
    def rate(self) -> float:
        return self.flipped / self.cases


@dataclass(frozen=True, slots=True)
class FlippedCase:
    """A case on the knife's edge: the verdict on its second answer is another one."""

    task: str
    case_id: str
    repeat: int
    broke: tuple[str, ...]
    """Behaviors that the first answer passed and the second failed."""
    fixed: tuple[str, ...]
    """Behaviors that the first answer failed and the second passed."""
    is_composite: bool
    """``format_success_rate`` counts the two answers differently."""


@dataclass(frozen=True, slots=True)
class BatchNoise:
    """The flips of one model between its answers and second ones in other batches."""

    model: str
    """``ModelRecord.ref``."""
    answers: int
    """Answers that were generated again."""
    errors: int
    """Second answers that are errors, and judged by nothing."""
    rows: tuple[int, int] | None
    """The fewest and the most rows of the batches of the first answers; ``None`` where the backend
    does not say."""
    rows_again: tuple[int, int] | None
    """Those of the second answers."""
    rates: tuple[FlipRate, ...] = ()
    """By task: first the composite, then each behavior, in the order of the run."""
    flipped: tuple[FlippedCase, ...] = ()
    """In the order of the run."""
