"""Many tests at once: p-values raised so that the family of them keeps its error rate."""

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values that bound the chance of even one false claim in the family, in the given order.

    The k-th smallest of m is multiplied by m - k + 1, is never below the one before it and never
    above 1: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal
    of Statistics 6 (1979).
    """
    ordered = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, i in enumerate(ordered):
        highest = max(highest, min(1.0, p_values[i] * (len(p_values) - rank)))
        adjusted[i] = highest
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """P-values that bound the share of false claims among all that are made, in the given order:
    for slices that suggest where to look.

    The k-th smallest of m is multiplied by m / k and is never above the one after it: equation (1)
    of Benjamini and Hochberg, JRSS B 57 (1995). By hand, as ``holm`` is: ``scipy.stats``, which has
    it, takes half a second to import.
    """
    ordered = sorted(range(len(p_values)), key=lambda i: p_values[i], reverse=True)
    adjusted = [0.0] * len(p_values)
    lowest = 1.0
    for larger, i in enumerate(ordered):
        lowest = min(lowest, p_values[i] * len(p_values) / (len(p_values) - larger))
        adjusted[i] = lowest
    return adjusted
