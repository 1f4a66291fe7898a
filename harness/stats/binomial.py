"""Tails and quantiles of the binomial distribution, from ``scipy.special``.

``scipy.stats`` has them by name but takes half a second more to import, for which every report and
every gate would wait.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


def upper_tail(k: "ArrayLike", n: "ArrayLike", p: float) -> "NDArray[np.floating[Any]]":
    """P(X > k) for X ~ Binomial(``n``, ``p``), in the shape that ``k`` and ``n`` broadcast to.

    I_p(k + 1, n - k), the regularised incomplete beta function: Abramowitz and Stegun, "Handbook of
    Mathematical Functions", 26.5.24. 1 below zero, 0 from ``n`` on.
    """
    import numpy as np
    from scipy.special import betainc

    k, n = np.broadcast_arrays(k, n)
    is_inside = (k >= 0) & (k < n)
    # betainc needs positive arguments; the values outside are replaced below.
    found = betainc(np.where(is_inside, k + 1, 1), np.where(is_inside, n - k, 1), p)
    return np.where(is_inside, found, k < 0)


def rate_bound(k: float, n: float, tail: float) -> float:
    """The rate below which ``k`` or more of ``n`` have at most the probability ``tail``: the lower
    bound of Clopper and Pearson, Biometrika 26 (1934). 0 for ``k`` = 0; between whole numbers, for
    counts in equivalents, the same quantile of the beta distribution."""
    from scipy.special import betaincinv

    return float(betaincinv(k, n - k + 1, tail)) if k else 0.0


def upper_quantile(q: float, n: "ArrayLike", p: float) -> "NDArray[np.integer[Any]]":
    """The smallest k with P(X > k) <= ``q``, for each ``n``, by bisection between -1 and ``n``."""
    import numpy as np

    high = np.array(n)
    low = np.full_like(high, -1)
    while (high - low > 1).any():
        middle = (low + high) // 2
        is_below = upper_tail(middle, n, p) <= q
        low, high = np.where(is_below, low, middle), np.where(is_below, middle, high)
    return high
