"""Adjusts the p-values of several tests so that the family keeps its error rate."""

from collections.abc import Sequence


def holm_levels(
    p_values: Sequence[float], alpha: float, least: Sequence[float] | None = None
) -> list[float]:
    """The level at which Holm's procedure judges each test, in the given order: it rejects where
    the p-value is at most its level, and rejects a true hypothesis with probability ``alpha`` at
    most.

    The k-th smallest of m is judged at ``alpha / (m - k + 1)``, those after the first that is kept
    at that one's level: Holm, Scandinavian Journal of Statistics 6 (1979). With ``least``, the
    smallest p-value that each test can have, m counts only tests that could reject: the least m of
    which at most m have a ``least`` of ``alpha / m`` or less (Tarone, "A modified Bonferroni method
    for discrete data", Biometrics 46, 1990). Twelve behaviors of which two flipped are two tests.
    """
    count = _counted(least if least is not None else [0.0] * len(p_values), alpha)
    levels = [0.0] * len(p_values)
    is_rejecting = True
    for i in sorted(range(len(p_values)), key=lambda i: p_values[i]):
        levels[i] = alpha / count
        is_rejecting = is_rejecting and p_values[i] <= levels[i]
        if is_rejecting and count > 1:
            count -= 1
    return levels


def _counted(least: Sequence[float], alpha: float) -> int:
    """The number of tests that count, at least 1."""
    m = 1
    while sum(p <= alpha / m for p in least) > m:
        m += 1
    return m


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values that bound the false discovery rate, in the given order.

    The k-th smallest of m is multiplied by m / k and is never above the one after it: equation (1)
    of Benjamini and Hochberg, JRSS B 57 (1995). Implemented here because ``scipy.stats``
    takes half a second to import.
    """
    ordered = sorted(range(len(p_values)), key=lambda i: p_values[i], reverse=True)
    adjusted = [0.0] * len(p_values)
    lowest = 1.0
    for larger, i in enumerate(ordered):
        lowest = min(lowest, p_values[i] * len(p_values) / (len(p_values) - larger))
        adjusted[i] = lowest
    return adjusted
