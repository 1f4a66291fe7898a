"""Cases that share wordings: both questions, each against its own truth."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.gate_simulation.drawing import (
    POLICY,
    Effect,
    Rng,
    Rows,
    drawn,
    mixed,
    pairs_from,
    sizes_of,
    skewed,
    test_of,
    whole,
)
from harness.gate.new_wordings import new_wordings
from harness.gate.policy import FEW_WORDINGS

CASES = 300
POPULATIONS: tuple[tuple[str, Effect, float], ...] = (
    ("2% break whole", whole(0.02), 0.02),
    ("5% break whole", whole(0.05), 0.05),
    ("10% break whole", whole(0.10), 0.10),
    ("a tenth gains half", skewed, 0.0),
    ("a fifth changes", mixed, 0.0),
)
"""A name, the effect on each wording, and its mean over all wordings."""
SHAPES = ("even", "zipf", "giant")


Tally = Callable[[Rng, Effect, float, list[int]], dict[str, bool]]
"""What one run shows, given the effect, its mean over all wordings, and cases of each wording."""


def these(rng: Rng, runs: int) -> Rows:
    """*These wordings*: against the true drop of the wordings that were drawn. A regression is
    false where that is none, a pass where it is the margin or more."""
    return _rows(rng, runs, (1, 3, 5, 16, 30, 74), _of_these)


def new(rng: Rng, runs: int) -> Rows:
    """*New wordings*: against the mean of the population that the wordings were drawn from."""
    return _rows(rng, runs, (FEW_WORDINGS, 30, 74), _of_new)


def _of_these(rng: Rng, effect: Effect, mean: float, sizes: list[int]) -> dict[str, bool]:
    effects = effect(rng, len(sizes))
    truth = float(np.average(effects, weights=sizes))
    found = test_of(pairs_from(*drawn(rng, effects, sizes)))
    is_regression = found.is_regression(POLICY.margin)
    return {
        "false_regressions": is_regression and truth <= 0,
        "false_passes": found.interval.high < POLICY.margin <= truth,
        "regressions": is_regression,
    }


def _of_new(rng: Rng, effect: Effect, mean: float, sizes: list[int]) -> dict[str, bool]:
    found = new_wordings(pairs_from(*drawn(rng, effect(rng, len(sizes)), sizes)), POLICY)
    assert found is not None
    return {
        "false_regressions": found.is_regression(POLICY) and mean <= 0,
        "false_passes": found.is_bounded(POLICY) and mean >= POLICY.wording_margin,
        "coverage": found.interval.low <= mean <= found.interval.high,
    }


def _rows(rng: Rng, runs: int, counts: Sequence[int], tally: Tally) -> Rows:
    """A row for each number of wordings, population and shape, with the shares of the runs."""
    rows = []
    for count in counts:
        for name, effect, mean in POPULATIONS:
            for shape in SHAPES if count > 3 else SHAPES[:1]:
                sizes = sizes_of(shape, count, CASES)
                found = Counter[str]()
                for _ in range(runs):
                    found.update(tally(rng, effect, mean, sizes))
                shares = {key: total / runs for key, total in found.items()}
                rows.append({"wordings": count, "population": name, "sizes": shape, **shares})
    return rows
