"""The confidence interval of one pass rate: k of n cases passed.

No data is not a number: with ``n = 0`` the interval is ``None``.
"""

from typing import NamedTuple

from harness.stats.binomial import rate_bound

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """Both ends are rates in [0, 1] and belong to the interval."""

    low: float
    high: float


def clopper_pearson(k: float, n: float, confidence: float = CONFIDENCE) -> Interval | None:
    """The exact interval: it holds the rate with at least ``confidence``, at every rate.

    Wilson's is shorter by 2 to 10% and misses rates near 0 and 1, those of a model that behaves: at
    98.3% of 30 cases it covers 91%, at 99.4% of them 84%. ``k`` and ``n`` may be fractions, as
    equivalents of cases. Clopper and Pearson, "The use of confidence or fiducial limits illustrated
    in the case of the binomial", Biometrika 26 (1934).

    Raises:
        ValueError: k or confidence is out of range.
    """
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} cases cannot pass")
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, not at {confidence}")
    if n == 0:
        return None
    tail = (1 - confidence) / 2
    return Interval(rate_bound(k, n, tail), 1 - rate_bound(n - k, n, tail))
