"""The prefix that texts share, which a report says once."""

from collections.abc import Sequence


def common_prefix(one: str, other: str) -> int:
    """Characters that both texts begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def shared_prefix(texts: Sequence[str]) -> int:
    """Characters that all texts begin with, up to a blank; 0 where one of them is nothing more."""
    if len(texts) < 2:
        return 0
    low, high = min(texts), max(texts)
    same = common_prefix(low, high)
    cut = 1 + max(low.rfind(blank, 0, same) for blank in " \n")
    return cut if cut < len(low) else 0
