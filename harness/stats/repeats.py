"""Estimates pass@k (any of k answers passes) and pass^k (all of k pass) from several answers a
case.

The sampling unit is the case, not the answer: K answers to one hard case say little about others.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb

from harness.stats.intervals import CONFIDENCE, Interval, wilson, wilson_of_rate

SEED = 20251120
DRAWS = 20_000


@dataclass(frozen=True, slots=True)
class Repeated:
    """The number of passed answers and of all answers to one case."""

    passed: int
    repeats: int

    def __post_init__(self) -> None:
        if not 0 <= self.passed <= self.repeats or self.repeats < 1:
            raise ValueError(f"{self.passed} of {self.repeats} answers cannot pass")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over cases."""

    rate: float
    interval: Interval


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
    values = Counter(map(of_case, cases))
    rate = sum(value * count for value, count in values.items()) / len(cases)
    return Estimate(rate, _interval(values, len(cases), confidence))


def _interval(values: Counter[float], cases: int, confidence: float) -> Interval:
    """Percentile bootstrap over cases, at each end at least as wide as Wilson's interval of the
    effective cases: with 30 cases of 4 answers the bootstrap alone covers 88 to 94%, not 95%.

    Wilson's interval alone where every case's value is 0 or 1, or where all values are equal.
    """
    mean = sum(value * count for value, count in values.items()) / cases
    if len(values) == 1 or set(values) <= {0.0, 1.0}:
        found = wilson(round(mean * cases), cases, confidence)
        assert found is not None, "there are cases"
        return Interval(min(found.low, mean), max(found.high, mean))
    import numpy as np

    kinds = np.array(list(values))
    shares = np.array(list(values.values())) / cases
    drawn = np.random.default_rng(SEED).multinomial(cases, shares, DRAWS)
    tail = (1 - confidence) / 2
    low, high = map(float, np.quantile(drawn @ kinds / cases, (tail, 1 - tail)))
    exact = wilson_of_rate(mean, _effective(values, mean, cases), confidence)
    return Interval(min(low, exact.low), max(high, exact.high))


def _effective(values: Counter[float], mean: float, cases: int) -> float:
    """Equivalent number of cases with one answer each: p(1 - p) over the variance between cases.

    The variance is regularised by one added case of the largest possible variance, since a few
    cases may show too little by chance.
    """
    largest = mean * (1 - mean)
    squares = sum(count * (value - mean) ** 2 for value, count in values.items())
    return cases * max(1.0, largest * cases / (squares + largest))
