"""The median ratio of two latencies per case, with its interval.

Times are compared as ratios within a case: a slow prompt is slow on both sides, and load on the
machine that affects both leaves their ratio unchanged. The median is robust against single
outliers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from statistics import median

from harness.stats.binomial import upper_quantile
from harness.stats.intervals import CONFIDENCE, Interval


@dataclass(frozen=True, slots=True)
class MedianRatio:
    """A ratio of 1.1 means that the typical case takes a tenth longer."""

    ratio: float
    interval: Interval | None
    """``None`` where the cases are too few for one: below 6 at 95%."""
    cases: int


def median_ratio(
    before: Sequence[float], after: Sequence[float], confidence: float = CONFIDENCE
) -> MedianRatio | None:
    """The median of after / before over cases, with the interval that inverts the sign test.

    The interval's ends are order statistics of the ratios, so it is valid for any distribution
    (Conover, "Practical Nonparametric Statistics", 3rd edition, section 3.2); its coverage is at
    least the confidence. ``None`` without a case.

    Raises:
        ValueError: a time is not above 0, or the sides have different numbers of cases.
    """
    ratios = [log(b / a) for a, b in zip(_times(before), _times(after), strict=True)]
    if not ratios:
        return None
    ratios.sort()
    # Each ratio lies below the true median with probability 1/2.
    most = int(upper_quantile((1 - confidence) / 2, len(ratios), 0.5))
    interval = None
    if most < len(ratios):
        interval = Interval(exp(ratios[-1 - most]), exp(ratios[most]))
    return MedianRatio(exp(median(ratios)), interval, len(ratios))


def _times(values: Sequence[float]) -> Sequence[float]:
    if any(not value > 0 for value in values):
        raise ValueError("a time is above 0 seconds")
    return values
