"""Power of the gate's interval: the drop that n cases show, and the cases that decide.

Power is exact for the test of ``paired.drop_interval``'s low end against 0: flips are binomial
among the cases, broken ones binomial among the flips.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from math import ceil, log
from statistics import NormalDist
from typing import Any, NamedTuple

from harness.stats.binomial import upper_quantile, upper_tail
from harness.stats.intervals import CONFIDENCE
from harness.stats.paired import Tails, score_statistic

POWER = 0.8
FIXED_RATE = 0.01
"""Share of cases that improve by chance while others break."""
MAX_CASES = 100_000
"""The largest number of cases considered; the result is ``None`` above it."""
SEED = 20251120
DRAWS = 4_000
_UNLIKELY = 1e-9


def detection_power(cases: int, broke_rate: float, fixed_rate: float, tail: float) -> float:
    """Power of ``cases`` cases to show a drop, given the rates at which they break and are fixed.

    ``tail`` is the probability with which the interval's low end may miss.

    Raises:
        ValueError: the rates do not fit into one.
    """
    flip_rate = broke_rate + fixed_rate
    if min(broke_rate, fixed_rate) < 0 or flip_rate > 1 + _UNLIKELY:
        raise ValueError(f"{broke_rate} and {fixed_rate} cannot be shares of the same cases")
    if flip_rate == 0 or cases == 0:
        return 0.0
    import numpy as np

    rate = min(1.0, flip_rate)
    flips = np.arange(int(upper_quantile(_UNLIKELY, cases, rate)) + 1)
    # The fewest broken cases b of m flips with (2b - m) / sqrt(m) above the normal quantile.
    quantile = NormalDist().inv_cdf(1 - tail)
    fewest = np.floor((flips + quantile * np.sqrt(flips)) / 2).astype(int) + 1
    found = upper_tail(fewest - 1, flips, broke_rate / flip_rate)
    so_many = upper_tail(flips - 1, cases, rate) - upper_tail(flips, cases, rate)
    return float((so_many * found).sum())


@lru_cache(maxsize=256)
def smallest_detectable_drop(
    cases: int, tail: float, fixed_rate: float = FIXED_RATE, power: float = POWER
) -> float | None:
    """The smallest drop, as a share, that ``cases`` cases show with ``power``, where cases also
    flip by chance, ``fixed_rate`` each way; ``None`` where not even the loss of all is shown."""

    def is_seen(drop: float) -> bool:
        return detection_power(cases, drop + fixed_rate, fixed_rate, tail) >= power

    low, high = 0.0, 1 - 2 * fixed_rate
    if not is_seen(high):
        return None
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if is_seen(middle) else (middle, high)
    return high


class Decided(NamedTuple):
    """Shares of suites of one size that decide, if cases break and are fixed at given rates."""

    passes: float
    regressions: float

    @property
    def total(self) -> float:
        return self.passes + self.regressions


def decided(
    cases: int, broke_rate: float, fixed_rate: float, margin: float, tails: Tails
) -> Decided:
    """The shares of suites that decide if cases break and are fixed at these rates."""
    return decided_among(cases, {1.0: broke_rate, -1.0: fixed_rate}, margin, tails)


def decided_among(
    cases: int, differences: Mapping[float, float], margin: float, tails: Tails
) -> Decided:
    """The shares of ``DRAWS`` seeded suites that decide: a *pass* where the drop is bounded below
    ``margin``, else a *regression* where it is bounded above 0.

    ``differences`` holds the share of cases by their difference, before minus after, in [-1, 1];
    the rest do not differ.
    """
    import numpy as np

    rates = [*differences.values(), max(0.0, 1 - sum(differences.values()))]
    drawn = np.random.default_rng(SEED).multinomial(cases, rates, DRAWS)[:, :-1]
    values = np.array(list(differences))
    total, squares = drawn @ values, drawn @ values**2
    return deciding((squares + total) / 2, (squares - total) / 2, cases, margin, tails)


def deciding(broke: Any, fixed: Any, cases: int, margin: float, tails: Tails) -> Decided:
    """The shares of suites, given as arrays of their flips, that decide."""
    import numpy as np

    low, high = (NormalDist().inv_cdf(tail) for tail in (tails.low, tails.high))
    is_pass = score_statistic(broke, fixed, cases, margin) < high
    is_still = (broke == 0) & (fixed == 0)
    is_pass = np.where(is_still, 1 - tails.no_flip ** (1 / cases) < margin, is_pass)
    is_fall = score_statistic(broke, fixed, cases) > -low
    return Decided(float(is_pass.mean()), float((is_fall & ~is_pass).mean()))


@lru_cache(maxsize=256)
def cases_to_decide(
    broke_rate: float, fixed_rate: float, margin: float, tails: Tails
) -> int | None:
    """Cases of which ``POWER`` of all suites decide, if cases break and are fixed at these rates;
    ``None`` where no number would, as for a drop near the margin."""
    return fewest_cases(
        lambda cases: decided(cases, broke_rate, fixed_rate, margin, tails).total >= POWER
    )


def cases_without_flips(margin: float, confidence: float = CONFIDENCE) -> int:
    """Cases without a flip that bound the drop below the margin: 149 for 2 points.

    The smallest n with (1 - margin)^n <= 1 - confidence.
    """
    if not (0 < margin < 1 and 0 < confidence < 1):
        raise ValueError(f"margin {margin} and confidence {confidence} lie between 0 and 1")
    return ceil(log(1 - confidence) / log(1 - margin))


def fewest_cases(is_enough: Callable[[int], bool]) -> int | None:
    """The smallest number of cases that is enough, to within a percent; ``None`` above
    ``MAX_CASES``."""
    high = 16
    while not is_enough(high):
        high *= 2
        if high > MAX_CASES:
            return None
    low = high // 2
    while high - low > max(1, high // 100):
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high
