"""The interval of a rate over cases, and Wilson's beside it."""

import numpy as np
from scipy.stats import binom
from statsmodels.stats.proportion import proportion_confint

from benchmarks.gate_simulation.drawing import Rng, Rows, sizes_of
from benchmarks.gate_simulation.wordings import CASES, SHAPES
from harness.stats.intervals import clopper_pearson
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
        plain = wilson(float(values.sum()), len(values))
        held += low <= rate <= high
        wilsons += plain[0] <= rate <= plain[1]
    return held / runs, wilsons / runs


def of_cases(_: Rng, __: int) -> Rows:
    """Coverage of the rate over all cases, each of which is its own wording. Exact."""
    rows = []
    for cases in (30, 100, 300, 1_000):
        counts = np.arange(cases + 1)
        exact = [clopper_pearson(k, cases) for k in counts.tolist()]
        scores = [wilson(k, cases) for k in counts.tolist()]
        for rate in (0.5, 0.9, 0.97, 0.99, 0.995, 0.998):
            chances = binom.pmf(counts, cases, rate)
            held, wilsons = (
                float(
                    sum(
                        p
                        for p, (low, high) in zip(chances, ends, strict=True)
                        if low <= rate <= high
                    )
                )
                for ends in (exact, scores)
            )
            rows.append({"cases": cases, "rate": rate, "coverage": held, "wilson": wilsons})
    return rows


def wilson(passed: float, cases: int) -> tuple[float, float]:
    low, high = proportion_confint(passed, cases, method="wilson")
    return float(low), float(high)
