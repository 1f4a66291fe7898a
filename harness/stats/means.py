"""The mean over cases of shares, each between 0 and 1, with its interval."""

from collections.abc import Sequence
from typing import NamedTuple

from harness.stats.bounded import bounded_mean
from harness.stats.intervals import CONFIDENCE, Interval


class MeanShare(NamedTuple):
    """A mean, 0 to 1, with its interval."""

    rate: float
    interval: Interval


def mean_share(
    shares: Sequence[float],
    templates: Sequence[str],
    weights: Sequence[float],
    confidence: float = CONFIDENCE,
) -> MeanShare:
    """The weighted mean of the shares of cases, at least one.

    The interval is that of a mean over bounded clusters: nothing is assumed of the shares but that
    they lie between 0 and 1. A cluster is a wording, since cases of one are right and wrong
    together; a case without a template is its own.
    """
    mean = weighted_mean(shares, weights)
    groups: dict[str | int, list[int]] = {}
    for place, template in enumerate(templates):
        groups.setdefault(template or place, []).append(place)
    sizes = [sum(weights[i] for i in own) for own in groups.values()]
    means = [
        weighted_mean([shares[i] for i in own], [weights[i] for i in own])
        for own in groups.values()
    ]
    tail = (1 - confidence) / 2
    low, high = bounded_mean(means, (0, 1), (tail, tail), sizes)
    return MeanShare(mean, Interval(min(low, mean), max(high, mean)))


def weighted_mean(values: Sequence[float], weights: Sequence[float]) -> float:
    """The mean of values as heavy as their weights; where those are equal, the plain one."""
    if len(set(weights)) == 1:
        return sum(values) / len(values)
    return sum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights)
