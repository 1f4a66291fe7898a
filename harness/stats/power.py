"""Power of the gate's test: the drop that n cases detect, and the cases that detect a drop.

Power is exact for the test that the gate runs, ``paired.mcnemar_mid_p``: flips are binomial among
the cases, broken ones binomial among the flips.
"""

from collections.abc import Callable
from math import ceil, log

from harness.stats.binomial import upper_quantile, upper_tail
from harness.stats.intervals import CONFIDENCE

ALPHA = 0.05
POWER = 0.8
FIXED_RATE = 0.01
"""Share of cases that improve by chance while others break."""
MAX_CASES = 100_000
"""The largest number of cases considered; the result is ``None`` above it."""
_UNLIKELY = 1e-9


def detection_power(
    cases: int, broke_rate: float, fixed_rate: float, alpha: float = ALPHA
) -> float:
    """Power of ``cases`` cases to detect a drop, given the rates at which they break and are fixed.

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
    # The fewest broken cases among the flips with a mid-p of at most alpha: the exact quantile, or
    # one more, since the mid-p also contains half of the count's own probability.
    nearly = upper_quantile(alpha, flips, 0.5)
    mid_p = (upper_tail(nearly - 1, flips, 0.5) + upper_tail(nearly, flips, 0.5)) / 2
    fewest = nearly + (mid_p > alpha)
    found = upper_tail(fewest - 1, flips, broke_rate / flip_rate)
    so_many = upper_tail(flips - 1, cases, rate) - upper_tail(flips, cases, rate)
    return float((so_many * found).sum())


def smallest_detectable_drop(cases: int, alpha: float = ALPHA) -> float | None:
    """The smallest drop, as a share, that ``cases`` cases detect with ``POWER``; ``None`` where not
    even the loss of all cases is detected."""

    def is_seen(drop: float) -> bool:
        return detection_power(cases, drop + FIXED_RATE, FIXED_RATE, alpha) >= POWER

    low, high = 0.0, 1 - 2 * FIXED_RATE
    if not is_seen(high):
        return None
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if is_seen(middle) else (middle, high)
    return high


def cases_to_detect(drop: float, flip_rate: float, alpha: float = ALPHA) -> int | None:
    """Cases that detect a drop with ``POWER`` if a share of ``flip_rate`` flips either way.

    Raises:
        ValueError: the drop is larger than the share of flips, or not a loss.
    """
    if not 0 < drop <= flip_rate:
        raise ValueError(f"a drop of {drop} cannot be seen where {flip_rate} of the cases flip")
    broke, fixed = (flip_rate + drop) / 2, (flip_rate - drop) / 2
    return _fewest(lambda n: detection_power(n, broke, fixed, alpha) >= POWER)


def cases_without_flips(margin: float, confidence: float = CONFIDENCE) -> int:
    """Cases without a flip that bound the drop below the margin: 149 for 2 points.

    The smallest n with (1 - margin)^n <= 1 - confidence.
    """
    if not (0 < margin < 1 and 0 < confidence < 1):
        raise ValueError(f"margin {margin} and confidence {confidence} lie between 0 and 1")
    return ceil(log(1 - confidence) / log(1 - margin))


def cases_to_bound(
    broke_rate: float, fixed_rate: float, margin: float, confidence: float = CONFIDENCE
) -> int | None:
    """Cases that would bound the drop below the margin at these rates.

    ``None`` where the drop is not below the margin, or too close to it.
    """
    if broke_rate - fixed_rate >= margin:
        return None
    from harness.stats.paired import drop_interval

    def is_bounded(cases: int) -> bool:
        broke, fixed = round(broke_rate * cases), round(fixed_rate * cases)
        found = drop_interval(broke, min(fixed, cases - broke), cases, confidence)
        return found is not None and found.high < margin

    found = _fewest(is_bounded)
    least = cases_without_flips(margin, confidence)
    return None if found is None else max(found, least)


def _fewest(is_enough: Callable[[int], bool]) -> int | None:
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
