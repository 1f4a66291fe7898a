"""Bounds of a mean that hold at all numbers of observations together, so that they may be read
after each: whoever bets against the true mean does not grow rich, but by chance.

Against the hypothesis that the mean is at most d, the capital is multiplied by 1 + bet (x - d) with
each observation x; the bet is fixed before x is known, and so small that nothing is lost beyond the
capital. If the hypothesis holds, the capital is a supermartingale from 1, and at any time exceeds
1 / tail with at most the probability ``tail`` (Ville). The capital is shared among bets of several
sizes: Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", JRSS B 86
(2024). Observations need not be independent: each must have the mean given those before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import exp, log
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BETS = tuple(0.01 * 1.6**k for k in range(9))
"""Sizes of the bets: the best one is about the distance to the mean over the variance."""
MOST = 0.95
"""The largest share of the capital that one observation may cost."""
NEAR = 0.1
"""Up to this bound the bets may be larger than those against every bound up to 1."""
_STEPS = 40
"""Of the bisection: the bound is found to 1e-12."""


class Observation(NamedTuple):
    """One observation of a mean between -1 and 1."""

    value: float
    worst: float
    """The least value that it could have had, known before it."""


@dataclass(frozen=True)
class Bets:
    """Observations with their counts; their order does not matter any more."""

    counts: Mapping[Observation, float]

    def lower_bound(self, tail: float) -> float:
        """The low end of the mean: above it in at most the share ``tail`` of all experiments,
        however often it is looked at. -1 where nothing is known."""
        enough = log(1 / tail)
        if not self.counts or self._log_capital(-1.0, NEAR) < enough:
            return -1.0
        if self._log_capital(NEAR, NEAR) < enough:
            return self._bisected(-1.0, NEAR, NEAR, enough)
        if self._log_capital(NEAR, 1.0) < enough:
            return NEAR
        return self._bisected(NEAR, 1.0, 1.0, enough)

    def p_value(self, mean: float = 0.0) -> float:
        """Against a mean of at most ``mean``, itself at most ``NEAR``; valid at every look."""
        return min(1.0, exp(-self._log_capital(mean, NEAR))) if self.counts else 1.0

    def growth(self, mean: float) -> float:
        """Logarithm by which the best bet against a mean of at most ``mean`` grows with each
        observation."""
        if not self.counts:
            return 0.0
        return float(self._logs(mean, NEAR).max()) / sum(self.counts.values())

    def _bisected(self, low: float, high: float, room: float, enough: float) -> float:
        """The largest mean that is rejected, between ``low``, which is, and ``high``."""
        for _ in range(_STEPS):
            middle = (low + high) / 2
            is_rejected = self._log_capital(middle, room) >= enough
            low, high = (middle, high) if is_rejected else (low, middle)
        return low

    def _log_capital(self, mean: float, room: float) -> float:
        """Log of the capital after all bets against a mean of at most ``mean``, itself at most
        ``room``."""
        return log_mean([*map(float, self._logs(mean, room))])

    def _logs(self, mean: float, room: float) -> "NDArray[np.floating[Any]]":
        import numpy as np

        values, worst, counts = self._arrays
        bets = np.minimum(np.array(BETS)[:, None], MOST / (room - worst))
        found: NDArray[np.floating[Any]] = np.log1p(bets * (values - mean)) @ counts
        return found

    @cached_property
    def _arrays(self) -> "tuple[NDArray[np.floating[Any]], ...]":
        import numpy as np

        values, worst = zip(*self.counts, strict=True)
        return np.array(values), np.array(worst), np.array([*self.counts.values()], float)


def log_mean(logs: list[float]) -> float:
    """The logarithm of the mean of numbers, of which the logarithms are given."""
    top = max(logs)
    return top + log(sum(exp(x - top) for x in logs) / len(logs))
