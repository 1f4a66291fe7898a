"""Times of models that were timed in turns."""

import numpy as np

from benchmarks.gate_simulation.drawing import Rng, Rows
from harness.gate.resources import TAIL_LEVEL
from harness.stats.ratios import median_ratio


def latency(rng: Rng, runs: int) -> Rows:
    """Timed cases of very different length on a machine that becomes slower by half meanwhile, with
    outliers: interleaved, and one model after the other. The limit is 10% slower."""
    limit, rows = 1.1, []
    for cases in (8, 20, 50):
        is_first = np.isin(np.arange(cases) % 4, (0, 3))  # The order of harness.run.interleaving.
        for ratio in (1.1, 1.2, 1.3):
            over = inside = apart = 0
            for _ in range(runs):
                lengths = rng.lognormal(0, 1, cases)
                drift = np.linspace(1, 1.5, 2 * cases)
                first, second = drift[::2], drift[1::2]
                noise = np.exp(rng.standard_t(2, (2, cases)) * 0.03)
                before, after = lengths * noise[0], ratio * lengths * noise[1]
                found = median_ratio(
                    before * np.where(is_first, first, second),
                    after * np.where(is_first, second, first),
                )
                assert found is not None
                assert found.interval is not None
                over += found.interval.low > limit
                inside += found.interval.low <= ratio <= found.interval.high
                found = median_ratio(before * drift[:cases], after * drift[cases:])
                assert found is not None
                assert found.interval is not None
                apart += found.interval.low > limit
            rows.append(
                {
                    "cases": cases,
                    "times_as_long": ratio,
                    "regressions": over / runs,
                    "coverage": inside / runs,
                    "regressions_one_after_the_other": apart / runs,
                }
            )
    return rows


def tails(rng: Rng, runs: int) -> Rows:
    """A quarter of 20 timed cases ten times slower beside an equal median, and none."""
    limit, rows = 1.1, []
    for slow in (0, 3, 5):
        over = heavy = 0
        for _ in range(runs):
            noise = np.exp(rng.standard_t(2, (2, 20)) * 0.03)
            after = np.where(np.arange(20) < slow, 10.0, 1.0) * noise[1]
            found = median_ratio(noise[0], after)
            assert found is not None
            tail = found.tail(limit)
            over += tail.p_value <= TAIL_LEVEL
            heavy += tail.is_heavy
        rows.append({"slow": slow, "regressions": over / runs, "not_a_pass": heavy / runs})
    return rows
