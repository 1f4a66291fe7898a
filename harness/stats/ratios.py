"""The median ratio of two latencies per case, with its interval.

Times are compared as ratios within a case: a slow prompt is slow on both sides, and load on the
machine that affects both leaves their ratio unchanged. The median is robust against single
outliers, and blind to a quarter of the cases that become much slower: ``Tail`` counts those.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from statistics import median

from harness.stats.binomial import upper_quantile, upper_tail
from harness.stats.intervals import CONFIDENCE, Interval


@dataclass(frozen=True, slots=True)
class MedianRatio:
    """A ratio of 1.1 means that the typical case takes a tenth longer."""

    ratio: float
    interval: Interval | None
    """``None`` where the cases are too few for one: below 6 at 95%."""
    cases: int
    ratios: tuple[float, ...] = ()
    """In ascending order."""

    def tail(self, limit: float) -> "Tail":
        """The cases far above and far below the ratio ``limit``."""
        slower = sum(ratio > limit * FAR for ratio in self.ratios)
        faster = sum(ratio < limit / FAR for ratio in self.ratios)
        return Tail(slower, faster, self.cases)


FAR = 1.5
"""A case is far from a limit where its ratio is above this multiple of it, or below its inverse:
times of one answer on a busy machine vary by less."""
UPPER = 0.1
"""The share of cases that is an upper tail: what lies above the 90% quantile."""


@dataclass(frozen=True, slots=True)
class Tail:
    """Cases whose ratio is far above a limit, or far below.

    Where nothing changed beyond the limit both are equally likely, as with McNemar's test.
    """

    slower: int
    faster: int
    cases: int

    @property
    def p_value(self) -> float:
        """One-sided mid-p of so many slower ones."""
        far = self.slower + self.faster
        return float(upper_tail([self.slower - 1, self.slower], far, 0.5).mean())

    @property
    def is_heavy(self) -> bool:
        """More than the upper tail of the cases became slower, less those that became faster."""
        return self.slower - self.faster > UPPER * self.cases


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
    found = tuple(map(exp, ratios))
    return MedianRatio(exp(median(ratios)), interval, len(ratios), found)


def _times(values: Sequence[float]) -> Sequence[float]:
    if any(not value > 0 for value in values):
        raise ValueError("a time is above 0 seconds")
    return values
