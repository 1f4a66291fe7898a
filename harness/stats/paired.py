"""The test and the interval of a drop between two models on the same pass/fail cases.

*Broke* counts cases that passed before and fail after, *fixed* the other way round. A drop is the
rate before minus the rate after, so a positive drop is a loss. Cases are assumed independent;
``clusters`` handles those that are not.
"""

from functools import lru_cache
from typing import NamedTuple

from harness.stats.binomial import upper_tail
from harness.stats.intervals import CONFIDENCE

FEW_CASES = 300
"""With fewer cases the posterior is used: at 30 cases a percentile bootstrap covers 58%, not
95%."""
FEW_FLIPS = 10
"""With fewer flips the posterior is used, too: a bootstrap of three flips is too narrow."""
DRAWS = 50_000
CACHED_INTERVALS = 1_024
"""Cached intervals: slices, and pairs of models, often have equal counts."""
SEED = 20251120


class DropInterval(NamedTuple):
    """Both ends are drops in [-1, 1]; a negative drop is a gain."""

    low: float
    high: float


def mcnemar_mid_p(broke: int, fixed: int) -> float:
    """One-sided mid-p of McNemar's exact test: flips break and are fixed with equal probability.

    Half of the probability of the observed count is subtracted (mid-p). With few flips the true
    error rate of the exact test is far below its level, that of the mid-p close to it (Fagerland,
    Lydersen and Laake, BMC Medical Research Methodology 13:91, 2013). Without a flip it is 0.5.

    Raises:
        ValueError: a count is negative.
    """
    if broke < 0 or fixed < 0:
        raise ValueError(f"{broke} broke and {fixed} were fixed: cannot be")
    # The mean of both tails contains half of the observed count's probability.
    return float(upper_tail([broke - 1, broke], broke + fixed, 0.5).mean())


@lru_cache(maxsize=CACHED_INTERVALS)
def drop_interval(
    broke: int, fixed: int, pairs: int, confidence: float = CONFIDENCE
) -> DropInterval | None:
    """The two-sided interval of the drop; deterministic. ``None`` without a pair.

    Below ``FEW_CASES`` pairs or ``FEW_FLIPS`` flips it is the equal-tailed interval of a
    Dirichlet(1, 1, 1) posterior of the shares (broke, fixed, rest); above, the percentile interval
    of the paired bootstrap. BCa is not used: it is NaN when nothing flips.

    Where nothing flipped, it reaches at least to the exact one-sided bound
    1 - (1 - confidence)^(1/pairs) (Clopper and Pearson, Biometrika 26, 1934): 30 such cases do not
    rule out a drop of 9.5 points, 149 one of 2.

    Raises:
        ValueError: more flips than pairs.
    """
    if broke < 0 or fixed < 0 or broke + fixed > pairs:
        raise ValueError(f"{broke} broke and {fixed} were fixed of {pairs} cases: cannot be")
    if pairs == 0:
        return None
    if pairs < FEW_CASES or broke + fixed < FEW_FLIPS:
        found = posterior_interval(broke, fixed, pairs, confidence)
    else:
        found = _bootstrap(broke, fixed, pairs, confidence)
    if broke or fixed:
        return found
    exact = 1 - (1 - confidence) ** (1 / pairs)
    return DropInterval(min(found.low, -exact), max(found.high, exact))


@lru_cache(maxsize=CACHED_INTERVALS)
def posterior_interval(broke: float, fixed: float, pairs: float, confidence: float) -> DropInterval:
    """The posterior's equal-tailed interval; counts of effective cases may be fractions."""
    import numpy as np

    rest = max(0.0, pairs - broke - fixed)
    shares = np.random.default_rng(SEED).dirichlet((broke + 1, fixed + 1, rest + 1), DRAWS)
    return percentiles(shares[:, 0] - shares[:, 1], confidence)


def _bootstrap(broke: int, fixed: int, pairs: int, confidence: float) -> DropInterval:
    """Percentile interval of the paired bootstrap. A resampled case is broken, fixed or neither, so
    the counts are one multinomial draw."""
    import numpy as np

    shares = np.array((broke, fixed, pairs - broke - fixed)) / pairs
    counts = np.random.default_rng(SEED).multinomial(pairs, shares, DRAWS)
    return percentiles((counts[:, 0] - counts[:, 1]) / pairs, confidence)


def percentiles(drops: object, confidence: float) -> DropInterval:
    """The equal-tailed interval of drawn drops."""
    import numpy as np

    tail = (1 - confidence) / 2
    low, high = np.quantile(np.asarray(drops), (tail, 1 - tail))
    return DropInterval(float(low), float(high))
