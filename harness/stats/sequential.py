"""Levels for tests of accumulating data that are made again at each look, and the chance that the
remaining data change their outcome.

Each look spends a part of the error rate, so that all looks together keep it: Lan and DeMets,
"Discrete sequential boundaries for clinical trials", Biometrika 70 (1983), with the power family of
Kim and DeMets, Biometrika 74 (1987). Intervals at these levels are Jennison and Turnbull's repeated
confidence intervals (JRSS B 51, 1989): all of them hold together, whenever one stops.
"""

from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

from harness.stats.paired import Flips, Tails
from harness.stats.power import DRAWS, SEED, Decided, deciding

_STEPS = 800
_REACH = 8.0
"""The score's density is computed in ``_STEPS`` cells within so many standard deviations."""


@lru_cache
def look_level(alpha: float, shares: tuple[float, ...], exponent: float) -> float:
    """The one-sided level of the last of these looks.

    The looks up to a share t of the data together reject a true hypothesis with the probability
    ``alpha`` t^``exponent``: with an exponent of 1 the levels are nearly equal, with a higher one
    the early looks are strict. Scores are normal with independent increments, and their
    distribution is integrated from look to look: Armitage, McPherson and Rowe, JRSS A 132 (1969).

    Args:
        alpha: error rate of all looks up to the whole data.
        shares: of the data at each look, increasing, at most 1.
        exponent: of the spending function.

    Raises:
        ValueError: the shares do not increase from 0 to at most 1.
    """
    import numpy as np

    earlier = (0.0, *shares[:-1])
    if not shares or any(t <= s for s, t in zip(earlier, shares, strict=True)) or shares[-1] > 1:
        raise ValueError(f"{shares}: are no increasing shares of the data")
    points, step = np.linspace(-_REACH, _REACH, _STEPS + 1, retstep=True)
    density = np.zeros_like(points)
    density[_STEPS // 2] = 1 / step
    level = 0.0
    for before, share in zip(earlier, shares, strict=True):
        gain = share - before
        density = np.convolve(density, np.exp(-points * points / (2 * gain)), "same")
        density *= step / (2 * np.pi * gain) ** 0.5
        above = np.cumsum(density[::-1])[::-1] * step - density * step / 2
        spent = alpha * (share**exponent - before**exponent)
        boundary = float(np.interp(-spent, -above, points))
        density *= np.clip((boundary - points) / step + 0.5, 0, 1)
        level = NormalDist().cdf(-boundary / share**0.5)
    return level


@lru_cache(maxsize=4_096)
def chances(flips: Flips, pairs: int, total: int, margin: float, tails: Tails) -> Decided:
    """The chance that ``total`` cases pass if the remaining ones are like those of an unchanged
    model, which flip as often either way, and that they show a drop if the remaining ones break and
    are fixed as those of the ``pairs`` so far. By a seeded simulation.

    Args:
        flips: among the cases so far.
        pairs: number of cases so far.
        total: number of all cases.
        margin: the accepted drop.
        tails: of the interval over all cases.
    """
    rate = (sum(flips) + 0.5) / (pairs + 0.5)
    unchanged = _remaining((rate / 2, rate / 2), flips, pairs, total, margin, tails)
    alike = _remaining(
        (flips.broke / pairs, flips.fixed / pairs), flips, pairs, total, margin, tails
    )
    return Decided(unchanged.passes, alike.regressions)


def _remaining(
    rates: Sequence[float], flips: Flips, pairs: int, total: int, margin: float, tails: Tails
) -> Decided:
    import numpy as np

    drawn = np.random.default_rng(SEED).multinomial(
        total - pairs, (*rates, max(0.0, 1 - sum(rates))), DRAWS
    )
    return deciding(flips.broke + drawn[:, 0], flips.fixed + drawn[:, 1], total, margin, tails)
