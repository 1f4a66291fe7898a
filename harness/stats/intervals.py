"""Confidence intervals of one pass rate: k of n cases passed.

No data is not a number: with ``n = 0`` the interval is ``None``.
"""

from functools import lru_cache
from math import sqrt
from typing import NamedTuple

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """Both ends are rates in [0, 1] and belong to the interval."""

    low: float
    high: float


def wilson(k: int, n: int, confidence: float = CONFIDENCE) -> Interval | None:
    """Wilson's score interval: near-nominal coverage even for small n, never of zero width.

    In closed form, so that a session that only prints rates need not import scipy (0.6 to 1 s
    measured). With p = k/n and z the normal quantile of the two-sided confidence, the ends are
    (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n): equation (4) of Brown, Cai and DasGupta,
    "Interval estimation for a binomial proportion", Statistical Science 16 (2001).

    Raises:
        ValueError: k or confidence is out of range.
    """
    _check(k, n, confidence)
    if n == 0:
        return None
    low, high = wilson_of_rate(k / n, n, confidence)
    # At k = 0 and k = n one end is exactly 0 or 1, which rounding may miss.
    return Interval(0.0 if k == 0 else low, 1.0 if k == n else high)


def wilson_of_rate(rate: float, n: float, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's interval of a rate over ``n`` effective cases, which may be a fraction."""
    z = _normal_quantile((1 + confidence) / 2)
    center = rate + z * z / (2 * n)
    half = z * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return Interval((center - half) / scale, (center + half) / scale)


def _check(k: int, n: int, confidence: float) -> None:
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} cases cannot pass")
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, not at {confidence}")


@lru_cache(maxsize=16)
def _normal_quantile(probability: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(probability)
