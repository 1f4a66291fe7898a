"""The interval of a rate over cases that share wordings, and Wilson's beside it."""

import numpy as np

from benchmarks.gate_simulation.drawing import Rng, Rows, sizes_of
from benchmarks.gate_simulation.wordings import CASES, SHAPES
from harness.stats.intervals import wilson_of_rate
from harness.stats.rates import rate_interval


def covered(rng: Rng, runs: int) -> Rows:
    """Coverage of the rate over all wordings, where each wording's chance to pass is drawn from a
    beta distribution. Wilson's interval takes the cases as independent."""
    rows = []
    for wordings in (16, 30, 60, 74):
        for shape in SHAPES:
            sizes = sizes_of(shape, wordings, CASES)
            for correlation in (0.05, 0.1, 0.2, 0.3):
                for rate in (0.5, 0.9, 0.97):
                    for repeats in (1, 4):
                        held, wilsons = _held(rng, runs, sizes, correlation, rate, repeats)
                        rows.append(
                            {
                                "wordings": wordings,
                                "sizes": shape,
                                "correlation": correlation,
                                "rate": rate,
                                "repeats": repeats,
                                "coverage": held,
                                "wilson": wilsons,
                            }
                        )
    return rows


def _held(
    rng: Rng, runs: int, sizes: list[int], correlation: float, rate: float, repeats: int
) -> tuple[float, float]:
    """Shares of runs in which the interval, and Wilson's, hold the rate."""
    templates = np.repeat(np.arange(len(sizes)), sizes).astype(str).tolist()
    weight, held, wilsons = 1 / correlation - 1, 0, 0
    for _ in range(runs):
        chances = rng.beta(weight * rate, weight * (1 - rate), len(sizes))
        values = rng.binomial(repeats, np.repeat(chances, sizes)) / repeats
        low, high = rate_interval(values.tolist(), templates)
        plain = wilson_of_rate(float(values.mean()), len(values))
        held += low <= rate <= high
        wilsons += plain.low <= rate <= plain.high
    return held / runs, wilsons / runs
