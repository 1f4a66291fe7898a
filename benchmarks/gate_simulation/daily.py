"""An experiment whose log is gated every day for 30 days (``harness gate --log``).

Keys make several requests, of which those of one key pass and fail together, and a few make most of
the traffic. The rate may change from day to day. A naive reader tests the two rates of all requests
each day at 5%, as if they were independent and read once.
"""

from collections import Counter
from dataclasses import dataclass
from statistics import median

import numpy as np

from benchmarks.gate_simulation.drawing import POLICY, Rng, Rows
from harness.ab.experiment import BASELINE, CANDIDATE
from harness.gate.log_keys import Key, observations
from harness.stats.betting import Bets
from harness.stats.multiple import holm_levels

DAYS = 30
BEHAVIORS = 4
"""Required behaviors of the simulated task; a failing answer fails exactly one of them."""
TOGETHER = 4.0
"""A key's rate is a draw from Beta(4 m, 4 (1 - m)): answers of one key correlate by 0.2."""
NAIVE_Z = 1.6449


@dataclass(frozen=True)
class Traffic:
    """The traffic of one simulated experiment."""

    keys: int
    """New ones a day."""
    rate: float
    """Of the baseline."""
    drop: float
    split: float = 0.5
    weekend: float = 0.0
    """Points by which both arms are worse on two of seven days."""


@dataclass
class Experiment:
    """Keys in the order of days, and their answers."""

    keys: list[Key]
    requests: np.ndarray
    failed: np.ndarray
    """Failed answers of each key, by behavior."""

    @classmethod
    def drawn(cls, rng: Rng, traffic: Traffic) -> "Experiment":
        count = traffic.keys * DAYS
        day = np.repeat(np.arange(DAYS), traffic.keys)
        is_candidate = rng.random(count) < traffic.split
        mean = traffic.rate - traffic.weekend * (day % 7 >= 5)
        own = np.where(mean < 1, rng.beta(TOGETHER * mean, TOGETHER * (1 - mean) + 1e-12), 1.0)
        own = own * np.where(is_candidate, 1 - traffic.drop / mean, 1.0)
        requests = np.minimum(rng.zipf(2.0, count), 200)
        bad = requests - rng.binomial(requests, own)
        failed = np.stack([rng.multinomial(n, [1 / BEHAVIORS] * BEHAVIORS) for n in bad])
        arms = np.where(is_candidate, CANDIDATE, BASELINE)
        keys = [Key(arm, traffic.split, 0, ()) for arm in arms.tolist()]
        return cls(keys, requests, failed)

    def looks(self, failed: np.ndarray, sign: int, each: int) -> list[Bets]:
        """The bets at the end of each day."""
        shares = (1 - failed / self.requests).round(6).tolist()
        found = list(observations(self.keys, shares, sign))
        counts: Counter = Counter()
        bets = []
        for start in range(0, len(found), each):
            counts.update(found[start : start + each])
            bets.append(Bets(dict(counts)))
        return bets


def regressions(one: Experiment, each: int) -> list[bool]:
    """The gate calls a regression, by the composite or a behavior, at the end of each day."""
    whole = one.looks(one.failed.sum(1), 1, each)
    single = [one.looks(one.failed[:, b], 1, each) for b in range(BEHAVIORS)]
    tails, behaviors = POLICY.tails, POLICY.behavior_tails
    found = []
    for day in range(DAYS):
        p_values = [own[day].p_value() for own in single]
        levels = holm_levels(p_values, behaviors.low)
        fell = any(p <= level for p, level in zip(p_values, levels, strict=True))
        found.append(whole[day].p_value() <= tails.low or fell)
    return found


def passes(one: Experiment, each: int) -> list[bool]:
    """The composite's drop is bounded below the margin at the end of each day."""
    bets = one.looks(one.failed.sum(1), -1, each)
    return [own.p_value(-POLICY.margin) <= POLICY.tails.high for own in bets]


def naive(one: Experiment, each: int) -> bool:
    """Any day's test of the two rates finds the candidate's below the baseline's."""
    failed, requests = one.failed.sum(1).astype(float), one.requests.astype(float)
    is_candidate = np.array([key.arm == CANDIDATE for key in one.keys])
    ends = np.arange(1, DAYS + 1) * each - 1
    old, new = (
        [np.cumsum(np.where(side, x, 0.0))[ends] for x in (failed, requests)]
        for side in (~is_candidate, is_candidate)
    )
    both = (old[0] + new[0]) / (old[1] + new[1])
    spread = np.sqrt(both * (1 - both) * (1 / old[1] + 1 / new[1]))
    rise = new[0] / new[1] - old[0] / old[1]
    return bool((rise > NAIVE_Z * np.maximum(spread, 1e-12)).any())


def row(rng: Rng, runs: int, traffic: Traffic) -> dict[str, object]:
    regressed, passed, fooled = [], [], 0
    for _ in range(runs):
        one = Experiment.drawn(rng, traffic)
        fell, bounded = regressions(one, traffic.keys), passes(one, traffic.keys)
        regressed += [fell.index(True) + 1] if any(fell) else []
        passed += [bounded.index(True) + 1] if any(bounded) else []
        fooled += naive(one, traffic.keys)
    return {
        "keys_a_day": traffic.keys,
        "baseline": traffic.rate,
        "drop": traffic.drop,
        "split": traffic.split,
        "weekend": traffic.weekend,
        "runs": runs,
        "regression_on_any_day": len(regressed) / runs,
        "day_of_regression": median(regressed) if regressed else None,
        "pass_on_any_day": len(passed) / runs,
        "day_of_pass": median(passed) if passed else None,
        "naive_regression_on_any_day": fooled / runs,
    }


def daily(rng: Rng, runs: int) -> Rows:
    """First no drop, of which a regression is false; then a drop of the margin, of which a pass is
    false; then drops that are to be seen."""
    same = [Traffic(100, rate, 0.0) for rate in (0.9, 0.98, 1.0)]
    same += [Traffic(100, 0.95, 0.0, split=0.1), Traffic(100, 0.95, 0.0, weekend=0.1)]
    margin = [Traffic(100, rate, 0.02) for rate in (0.9, 0.98)]
    margin += [Traffic(100, 0.98, 0.02, split=0.1)]
    worse = [Traffic(100, 0.95, 0.05), Traffic(100, 0.98, 0.1), Traffic(100, 0.98, 0.05)]
    many = [Traffic(500, 0.98, 0.0), Traffic(500, 0.9, 0.0), Traffic(500, 0.98, 0.03)]
    return [
        *(row(rng, runs, traffic) for traffic in (*same, *margin)),
        *(row(rng, max(1, runs // 5), traffic) for traffic in (*worse, *many)),
    ]
