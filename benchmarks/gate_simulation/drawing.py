"""What the parts share: the policy, decisions on counts, and populations of wordings."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from harness.gate.evidence import PairedCases, PairedTest, at_level, paired_test
from harness.gate.policy import GatePolicy
from harness.stats.multiple import holm_levels
from harness.stats.paired import DropInterval, drop_interval, drop_p

SEED = 5
POLICY = GatePolicy()

Rows = list[dict[str, Any]]
Rng = np.random.Generator


@cache
def interval_of(broke: int, fixed: int, cases: int) -> DropInterval:
    found = drop_interval(broke, fixed, cases, POLICY.tails)
    assert found is not None
    return found


def is_fall(ends: DropInterval) -> bool:
    """The gate's rule for a regression: it fell for sure, and perhaps by the margin or more."""
    return ends.low > 0 and ends.high >= POLICY.margin


def falling(behaviors: list[tuple[int, int]], cases: int) -> bool:
    """A single behavior fell, by Tarone and Holm's levels over all of them."""
    tails = POLICY.behavior_tails
    p_values = [drop_p(b, c) for b, c in behaviors]
    least = [drop_p(b + c, 0) for b, c in behaviors]
    for (broke, fixed), p, level in zip(
        behaviors, p_values, holm_levels(p_values, tails.low, least), strict=True
    ):
        if p <= level:
            ends = drop_interval(broke, fixed, cases, tails._replace(low=level))
            if ends is not None and is_fall(ends):
                return True
    return False


def pairs_from(differences: np.ndarray, wordings: list[str] | None = None) -> PairedCases:
    """Cases that differ by 1, 0 or -1; each is its own wording where none are given."""
    found = tuple(int(d) for d in differences)
    names = tuple(wordings or map(str, range(len(found))))
    return PairedCases(found, names, found, names, len(found), len(found) - sum(found))


def test_of(pairs: PairedCases) -> PairedTest:
    found = paired_test("", "", pairs, POLICY.tails)
    assert found is not None
    return found


def at_share(found: PairedTest, level: float) -> PairedTest:
    return at_level(found, level, POLICY.tails, 0.0)


Effect = Callable[[Rng, int], np.ndarray]
"""The probabilities, from -1 to 1, with which the cases of each of n wordings break, or are fixed
where it is negative."""


def whole(share: float) -> Effect:
    """A share of the wordings breaks whole."""
    return lambda rng, count: (rng.random(count) < share).astype(float)


def skewed(rng: Rng, count: int) -> np.ndarray:
    """A tenth of the wordings gains half, the rest lose a little: the mean is 0."""
    return np.where(rng.random(count) < 0.1, -0.5, 0.5 / 9)


def mixed(rng: Rng, count: int) -> np.ndarray:
    """A fifth of the wordings changes in four of ten cases, up as often as down."""
    side = rng.choice((-1, 1), count)
    return np.where(rng.random(count) < 0.2, 0.4 * side, 0.0)


def sizes_of(shape: str, wordings: int, cases: int) -> list[int]:
    """Cases of each wording: *even*, *zipf* (the k-th has 1/k of the first), or one *giant* that
    has half of all."""
    if shape == "even":
        return [cases // wordings] * wordings
    if shape == "giant":
        rest = max(1, cases // 2 // max(1, wordings - 1))
        return [max(1, cases - rest * (wordings - 1)), *[rest] * (wordings - 1)]
    weights = 1 / np.arange(1, wordings + 1)
    return [max(1, round(w * cases)) for w in weights / weights.sum()]


def drawn(rng: Rng, effects: np.ndarray, sizes: list[int]) -> tuple[np.ndarray, list[str]]:
    """Differences of all cases, and the wording of each."""
    wordings = np.repeat(np.arange(len(sizes)), sizes)
    flips = rng.random(len(wordings)) < np.abs(effects[wordings])
    return (flips * np.sign(effects[wordings])).astype(int), wordings.astype(str).tolist()
