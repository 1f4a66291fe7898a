"""Quantiles of a weighted mean whose weights are drawn from a Dirichlet(1, ..., 1) distribution:
the Bayesian bootstrap, computed instead of drawn.

The mean lies at or below m where a sum of independent exponential variables, each times
weight x (value - m), is at most 0. That probability is an integral of the sum's moment generating
function along a line; on the line through the saddle point a few steps give four digits (Daniels,
"Saddlepoint approximations in statistics", 1954). In plain Python: a session that only prints rates
need not import numpy, and the same values give the same quantile on every machine.
"""

from collections.abc import Sequence
from math import cosh, log1p, pi, sinh, sqrt
from statistics import NormalDist
from typing import NamedTuple

STEP = 0.2
"""Width of the integration's steps, in widths of the integrand's peak."""
NEGLIGIBLE = 1e-6
"""Share of an integral at which its next step is left out."""
TOLERANCE = 1e-4
"""Of a quantile, in units of the mean's standard deviation."""
SMALLEST = 1e-250
"""Smaller probabilities are 0, so that no product leaves the range of floats."""


class Part(NamedTuple):
    """Clusters that have the same value and the same weight."""

    value: float
    weight: float
    clusters: int


def quantile(parts: Sequence[Part], tail: float) -> float:
    """The value below which the weighted mean lies with probability ``tail``, which is below 0.3.

    By secant steps on the normal scale, on which the probability is nearly a straight line.
    """
    total = sum(p.weight * p.clusters for p in parts)
    mean = sum(p.value * p.weight * p.clusters for p in parts) / total
    low, high = min(p.value for p in parts), mean
    if low == max(p.value for p in parts):
        return low
    width = sqrt(sum(p.clusters * (p.weight * (p.value - mean)) ** 2 for p in parts)) / total
    normal = NormalDist()
    target = normal.inv_cdf(tail)
    at, slope = max(mean + target * width, (3 * low + mean) / 4), 1 / width
    last = None
    while high - low > TOLERANCE * width:
        over = normal.inv_cdf(max(probability_below(parts, at), SMALLEST)) - target
        if abs(over) < TOLERANCE:
            break
        low, high = (low, at) if over > 0 else (at, high)
        if last and over != last[1]:
            slope = (over - last[1]) / (at - last[0])
        last = at, over
        at = at - over / slope if low < at - over / slope < high else (low + high) / 2
    return at


def probability_below(parts: Sequence[Part], at: float) -> float:
    """The probability that the weighted mean is at most ``at``, which is above the least value and
    not above the mean."""
    terms = [(p.weight * (p.value - at), p.clusters) for p in parts]
    line, width = _saddle(terms)
    # The integrand's peak bounds the probability.
    if sum(n * log1p(-line * c) for c, n in terms) > 500:
        return 0.0
    total, term, step = 0.0, 1j, 0
    while abs(term) > NEGLIGIBLE * abs(total):
        place = complex(line, width * sinh(step * STEP))
        product = place
        for share, count in terms:
            product *= (1 - place * share) ** count
        term = cosh(step * STEP) / product
        total += term.real if step else term.real / 2
        step += 1
    return -total * width * STEP / pi


def _saddle(terms: Sequence[tuple[float, int]]) -> tuple[float, float]:
    """The place below 0 where the integrand is least along the real line, not nearer to its pole
    at 0 than half its width there, and the width of its peak across that line. By Newton's
    method."""
    low, high = 1 / min(c for c, _ in terms), -0.5 / sqrt(sum(n * c * c for c, n in terms))
    at = high
    while True:
        shares = [(c / (1 - at * c), n) for c, n in terms]
        slope, curve = sum(n * s for s, n in shares), sum(n * s * s for s, n in shares)
        low, high = (low, at) if slope > 0 else (at, high)
        change = -slope / curve
        if abs(change) < 1e-3 * abs(at) or low >= high:
            return at, 1 / sqrt(curve)
        at = at + change if low < at + change < high else (low + high) / 2
