"""Intervals for a mean over clusters that hold however the clusters' values are distributed.

The clusters are wordings: a new one may break whole although none did so yet. Intervals from the
spread of the observed clusters (a t test, the bootstrap, signs flipped at random) are blind to
that: with a few clusters that break whole they are wrong in up to nine of ten runs (MacKinnon and
Webb, "Wild bootstrap inference for wildly different cluster sizes", 2017).
"""

from collections import Counter
from collections.abc import Sequence

from harness.stats.dirichlet import Part, probability_below, quantile
from harness.stats.intervals import Interval


def bounded_mean(
    values: Sequence[float],
    support: tuple[float, float],
    tails: tuple[float, float],
    sizes: Sequence[float] | None = None,
) -> Interval:
    """The interval of the mean of a distribution within ``support``, from independent draws.

    Each end is a quantile of the mean under random Dirichlet(1, ..., 1) weights, where one cluster
    of the worst value possible is added to the observed ones. For values that are all 0 or 1 it is
    Clopper and Pearson's exact interval; for others no case is known in which it misses more often
    than its tails: Gaffke, "Three test statistics for a nonparametric one-sided hypothesis on the
    mean of a nonnegative variable" (2005); Learned-Miller and Thomas, "A new confidence interval
    for the mean of a bounded random variable" (2019).

    Args:
        values: the mean of each cluster.
        support: the least and the greatest value possible.
        tails: the probability with which the low and the high end may miss.
        sizes: cases of each cluster, where the mean is one over cases; the added cluster has the
            size of the cluster in which a random case lies. Without sizes all count alike.
    """
    if not values:
        return Interval(*support)
    weights = [1.0] * len(values) if sizes is None else list(map(float, sizes))
    if len(set(values)) == len(set(weights)) == 1:
        return _of_equal(values[0], len(values), support, tails)
    added = sum(w * w for w in weights) / sum(weights)
    kinds = Counter(zip(values, weights, strict=True))
    low, high = (
        _end([Part(side * v, w, n) for (v, w), n in kinds.items()], side * worst, added, tail)
        for side, worst, tail in zip((1, -1), support, tails, strict=True)
    )
    return Interval(low, -high)


def bounded_p(values: Sequence[float], sizes: Sequence[float], least: float) -> float:
    """The one-sided p-value of a mean above 0: the tail at which the low end of ``bounded_mean`` is
    0, or 0.5 where that is large.

    Args:
        values: at least one, as heavy as their ``sizes``.
        sizes: weights above 0.
        least: the least value possible, below 0.
    """
    added = sum(w * w for w in sizes) / sum(sizes)
    kinds = Counter(zip(values, sizes, strict=True))
    parts = [*(Part(v, w, n) for (v, w), n in kinds.items()), Part(least, added, 1)]
    if sum(p.value * p.weight * p.clusters for p in parts) <= 0:
        return 0.5
    return min(0.5, probability_below(parts, 0.0))


def _of_equal(
    value: float, clusters: int, support: tuple[float, float], tails: tuple[float, float]
) -> Interval:
    """The interval where all clusters are alike: the weight of the added one is Beta(1, n)."""
    low, high = (
        value + (worst - value) * (1 - tail ** (1 / clusters))
        for worst, tail in zip(support, tails, strict=True)
    )
    return Interval(low, high)


def _end(parts: list[Part], least: float, size: float, tail: float) -> float:
    """The low end, given the least value possible."""
    return quantile([*parts, Part(least, size, 1)], tail)
