"""Adjusts the p-values of several tests so that the family keeps its error rate."""

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values that bound the family-wise error rate, in the given order.

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
    """Adjusted p-values that bound the false discovery rate, in the given order.

    The k-th smallest of m is multiplied by m / k and is never above the one after it: equation (1)
    of Benjamini and Hochberg, JRSS B 57 (1995). Implemented here, as ``holm`` is, because
    ``scipy.stats`` takes half a second to import.
    """
    ordered = sorted(range(len(p_values)), key=lambda i: p_values[i], reverse=True)
    adjusted = [0.0] * len(p_values)
    lowest = 1.0
    for larger, i in enumerate(ordered):
        lowest = min(lowest, p_values[i] * len(p_values) / (len(p_values) - larger))
        adjusted[i] = lowest
    return adjusted
