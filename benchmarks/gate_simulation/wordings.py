"""Cases that share wordings: both questions, each against its own truth."""

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


def these(rng: Rng, runs: int) -> Rows:
    """*These wordings*: against the true drop of the wordings that were drawn. A regression is
    false where that is none, a pass where it is the margin or more."""
    rows = []
    for count in (1, 3, 5, 16, 30, 74):
        for name, effect, _ in POPULATIONS:
            for shape in SHAPES if count > 3 else SHAPES[:1]:
                sizes = sizes_of(shape, count, CASES)
                false_regressions = false_passes = seen = 0
                for _ in range(runs):
                    effects = effect(rng, count)
                    truth = float(np.average(effects, weights=sizes))
                    differences, names = drawn(rng, effects, sizes)
                    found = test_of(pairs_from(differences, names))
                    is_regression = found.is_regression(POLICY.margin)
                    false_regressions += is_regression and truth <= 0
                    false_passes += found.interval.high < POLICY.margin <= truth
                    seen += is_regression
                rows.append(
                    {
                        "wordings": count,
                        "population": name,
                        "sizes": shape,
                        "false_regressions": false_regressions / runs,
                        "false_passes": false_passes / runs,
                        "regressions": seen / runs,
                    }
                )
    return rows


def new(rng: Rng, runs: int) -> Rows:
    """*New wordings*: against the mean of the population that the wordings were drawn from."""
    rows = []
    for count in (FEW_WORDINGS, 30, 74):
        for name, effect, truth in POPULATIONS:
            for shape in SHAPES:
                sizes = sizes_of(shape, count, CASES)
                false_regressions = false_passes = inside = 0
                for _ in range(runs):
                    differences, names = drawn(rng, effect(rng, count), sizes)
                    found = new_wordings(pairs_from(differences, names), POLICY)
                    assert found is not None
                    false_regressions += found.is_regression(POLICY) and truth <= 0
                    false_passes += found.is_bounded(POLICY) and truth >= POLICY.wording_margin
                    inside += found.interval.low <= truth <= found.interval.high
                rows.append(
                    {
                        "wordings": count,
                        "population": name,
                        "sizes": shape,
                        "false_regressions": false_regressions / runs,
                        "false_passes": false_passes / runs,
                        "coverage": inside / runs,
                    }
                )
    return rows
