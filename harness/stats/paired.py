"""The drop of a pass rate between two sides that answered the same cases.

*broke* counts cases that passed before and fail after, *fixed* the other way round. A drop is the
rate before minus the rate after, so a positive drop is a loss. Cases are independent: those of one
wording are, given the wording. ``bounded`` speaks about other wordings.
"""

from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import Any, NamedTuple

from harness.stats.binomial import rate_bound

CACHED_INTERVALS = 1_024
"""Cached intervals: slices, and pairs of models, often have equal counts."""
EXACT_SHARE = 1 / 3
"""Share of an end's tail with which an exact bound of a rate may miss where it stands beside the
score interval's end, which misses more often than it says where all flips go one way or no case
keeps its verdict."""
SHOWN_SHARE = 5 / 6
"""Share of an end's tail with which an end may miss where no decision is read from its place: a
gain, and how far a loss or a gain may reach. With both shares the interval holds the drop in 93.5%
of runs or more from 30 cases on, whatever the shares of broken and fixed cases."""
SMALLEST_LOSS = 1e-6
"""The low end of a loss is above 0 wherever it is decided to be one."""
_TINY = 1e-300
"""Keeps a variance of 0 out of a quotient whose numerator is then 0."""


class DropInterval(NamedTuple):
    """Both ends are drops in [-1, 1]; a negative drop is a gain."""

    low: float
    high: float


class Tails(NamedTuple):
    """The largest probability with which each end of an interval misses the true drop."""

    low: float
    high: float
    no_flip: float
    """Of the high end where nothing flipped: that bound is exact, the others are approximate."""


class Flips(NamedTuple):
    """Cases that broke and that were fixed; with several answers a case, their equivalents."""

    broke: float
    fixed: float


def flips_of(differences: Sequence[int], scale: int = 1) -> Flips:
    """The counts of broken and fixed cases with the mean and the mean square of ``differences``.

    ``differences`` are passed answers before minus after, in units of 1/``scale`` of a case. With
    one answer a case these are the counts themselves. With K answers a case that flips in one of
    them counts 1/K², so that answers that merely vary weigh little. Neither count is below 0: where
    all cases moved the same way in part, the mean square is raised to the mean.
    """
    total = sum(differences) / scale
    squares = sum(d * d for d in differences) / scale**2
    broke = max((squares + total) / 2, total, 0.0)
    return Flips(broke, broke - total)


def score_statistic(broke: Any, fixed: Any, pairs: Any, drop: Any = 0.0) -> Any:
    """Tango's score statistic of the hypothesis that the true drop is ``drop``: standard normal
    under it, and positive where more was lost. Takes numbers, or arrays that broadcast.

    (b - c - n d) / sqrt(n (2 q + d (1 - d))), where q, the share of fixed cases, is estimated under
    the hypothesis as the larger root of 2n q² + ((2n - b + c) d - b - c) q - c d (1 - d) = 0:
    Tango, "Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design", Statistics in Medicine 17 (1998). At d = 0 it is McNemar's
    (b - c) / sqrt(b + c).
    """
    linear = (2 * pairs - broke + fixed) * drop - broke - fixed
    # Never negative but by rounding.
    root = abs(linear * linear + 8 * pairs * fixed * drop * (1 - drop)) ** 0.5
    share = (root - linear) / (4 * pairs)
    variance = pairs * (2 * share + drop * (1 - drop))
    return (broke - fixed - pairs * drop) / (variance + _TINY) ** 0.5


def drop_p(broke: float, fixed: float) -> float:
    """One-sided p-value of the drop, which agrees with the low end of ``drop_interval``: at most
    the tail where that end is above 0. 0.5 without a flip."""
    return NormalDist().cdf(-float(score_statistic(broke, fixed, 1)))


@lru_cache(maxsize=CACHED_INTERVALS)
def drop_interval(broke: float, fixed: float, pairs: int, tails: Tails) -> DropInterval | None:
    """The drops that the score statistic does not reject; ``None`` without a pair.

    Where nothing flipped, both ends are the exact bound 1 - tails.no_flip^(1/pairs) (Clopper and
    Pearson, Biometrika 26, 1934): 30 such cases do not rule out a drop of 9.5 points, 149 one of 2.
    Elsewhere an end is moved out by ``EXACT_SHARE`` and, where no decision depends on its place, by
    ``SHOWN_SHARE``; an end that shows a loss or a gain never moves across 0.

    Raises:
        ValueError: more flips than pairs.
    """
    if broke < 0 or fixed < 0 or broke + fixed > pairs:
        raise ValueError(f"{broke} broke and {fixed} were fixed of {pairs} cases: cannot be")
    if pairs == 0:
        return None
    if not (broke or fixed):
        exact = 1 - tails.no_flip ** (1 / pairs)
        return DropInterval(-exact, exact)
    low, outer_low = (-end for end in _high_ends(fixed, broke, pairs, tails.low))
    high, outer_high = _high_ends(broke, fixed, pairs, tails.high)
    return DropInterval(
        min(low, max(outer_low, SMALLEST_LOSS)) if low > 0 else outer_low,
        min(outer_high, 0.0) if high < 0 else max(high, _exact(broke, fixed, pairs, tails.high)),
    )


def _high_ends(broke: float, fixed: float, pairs: int, tail: float) -> tuple[float, float]:
    """The end from which decisions are read, and the one further out."""
    shown = _upper(broke, fixed, pairs, tail * SHOWN_SHARE)
    return _upper(broke, fixed, pairs, tail), max(shown, _exact(broke, fixed, pairs, tail))


def _exact(broke: float, fixed: float, pairs: int, tail: float) -> float:
    """The largest drop by the exact bounds of the rates, -1 where none is asked."""
    tail *= EXACT_SHARE
    bounds = [-1.0]
    if not broke:
        bounds.append(-rate_bound(fixed, pairs, tail))
    if not fixed and broke > pairs / 2:
        bounds.append(1 - rate_bound(pairs - broke, pairs, tail))
    if broke + fixed == pairs:
        bounds.append(1 - 2 * rate_bound(fixed, pairs, tail))
    return max(bounds)


def _upper(broke: float, fixed: float, pairs: int, tail: float) -> float:
    """The largest drop that is not rejected, by bisection."""
    quantile = NormalDist().inv_cdf(tail)
    low, high = (broke - fixed) / pairs, 1.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        is_kept = score_statistic(broke, fixed, pairs, middle) >= quantile
        low, high = (middle, high) if is_kept else (low, middle)
    return high
