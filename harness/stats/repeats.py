"""Estimates pass@k (any of k answers passes) and pass^k (all of k pass) from several answers a
case.

The sampling unit is the case, not the answer: K answers to one hard case say little about others.
Where cases share a wording, it is the wording.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb

from harness.stats.intervals import CONFIDENCE, Interval
from harness.stats.rates import rate_interval, shared_wordings


@dataclass(frozen=True, slots=True)
class Repeated:
    """The number of passed answers and of all answers to one case."""

    passed: int
    repeats: int
    template: str = ""
    """The case's wording; a case without one is its own wording."""

    def __post_init__(self) -> None:
        if not 0 <= self.passed <= self.repeats or self.repeats < 1:
            raise ValueError(f"{self.passed} of {self.repeats} answers cannot pass")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over cases."""

    rate: float
    interval: Interval
    wordings: int | None
    """Number of wordings, over which the interval is; ``None`` where no two cases share one."""


def pass_at_k(cases: Sequence[Repeated], k: int, confidence: float = CONFIDENCE) -> Estimate | None:
    """Mean probability over cases that at least one of k answers passes.

    For a case, 1 - C(n - c, k) / C(n, k), where c of n answers passed: unbiased, unlike
    1 - (1 - c/n)^k. Chen et al., "Evaluating Large Language Models Trained on Code" (2021), eq. 1.

    ``None`` (not measured) without cases, or where k exceeds the repeats of any case.
    """
    return _estimate(
        cases, k, confidence, lambda c: 1 - comb(c.repeats - c.passed, k) / comb(c.repeats, k)
    )


def pass_hat_k(
    cases: Sequence[Repeated], k: int, confidence: float = CONFIDENCE
) -> Estimate | None:
    """Mean probability over cases that all of k answers pass (pass^k).

    For a case, C(c, k) / C(n, k): unbiased. Yao et al., "tau-bench" (2024), section 3.

    ``None`` (not measured) without cases, or where k exceeds the repeats of any case.
    """
    return _estimate(cases, k, confidence, lambda c: comb(c.passed, k) / comb(c.repeats, k))


def _estimate(
    cases: Sequence[Repeated], k: int, confidence: float, of_case: Callable[[Repeated], float]
) -> Estimate | None:
    if k < 1:
        raise ValueError(f"k is at least 1, not {k}")
    if not cases or k > min(case.repeats for case in cases):
        return None
    values, templates = [of_case(case) for case in cases], [case.template for case in cases]
    interval = rate_interval(values, templates, confidence)
    return Estimate(sum(values) / len(cases), interval, shared_wordings(templates))
