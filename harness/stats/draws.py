"""A test that draws have the share they should have, which may be read after each draw."""

import math
from collections.abc import Mapping

from harness.stats.betting import log_mean

DRIFTS = tuple(sign * 0.02 * 2**k for k in range(7) for sign in (1, -1))
"""Logarithms of the factors by which the odds of a draw may be off."""


def split_evidence(drawn: Mapping[tuple[float, bool], int]) -> float:
    """Evidence that a share of draws is not what it should be: 1000 or more has at most the
    probability 1/1000, however often it is looked at.

    The likelihood of the draws with odds that are off, averaged over ``DRIFTS``, over that with the
    right ones: a martingale (Lindon and Malek, "Anytime-valid inference for multinomial count
    data", NeurIPS 2022, with another mixture).

    Args:
        drawn: number of draws, by the probability of a success and by success.
    """
    logs = [
        sum(
            n * ((drift if is_success else 0.0) - math.log1p(share * math.expm1(drift)))
            for (share, is_success), n in drawn.items()
        )
        for drift in DRIFTS
    ]
    return math.exp(min(700.0, log_mean(logs)))
