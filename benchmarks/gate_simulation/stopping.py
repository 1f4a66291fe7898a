"""Cases that are asked in blocks, with a look after each (``--stop-early``)."""

from functools import cache

import numpy as np

from benchmarks.gate_simulation.drawing import POLICY, Rng, Rows
from harness.gate.looks import SHARES, LookPolicy
from harness.gate.outcome import GateOutcome
from harness.gate.stopping import is_undecidable
from harness.stats.multiple import holm_levels
from harness.stats.paired import Flips, Tails, drop_interval, drop_p

BEHAVIORS = 4
"""Behaviors of the simulated suite; a failing case fails exactly one of them."""
WORDINGS = 60

Counts = tuple[tuple[int, int], ...]
"""Broken and fixed cases of each behavior."""


@cache
def policy_at(look: int) -> tuple[Tails, Tails, LookPolicy]:
    policy = LookPolicy(**POLICY.model_dump(), shares=SHARES[: look + 1])
    return policy.tails, policy.behavior_tails, policy


@cache
def outcome(counts: Counts, look: int, asked: int, cases: int) -> GateOutcome | None:
    """The outcome with which a run stops at a look; ``None`` where it goes on."""
    tails, behavior_tails, policy = policy_at(look)
    flips = Flips(*(sum(own) for own in zip(*counts, strict=True)))
    ends = drop_interval(*flips, asked, tails)
    assert ends is not None
    p_values = [drop_p(b, c) for b, c in counts]
    least = [drop_p(b + c, 0) for b, c in counts]
    levels = holm_levels(p_values, behavior_tails.low, least)
    each = [
        drop_interval(b, c, asked, behavior_tails._replace(low=level))
        for (b, c), level in zip(counts, levels, strict=True)
    ]
    if any(end and end.low > 0 and end.high >= POLICY.margin for end in (ends, *each)):
        return GateOutcome.REGRESSION
    bounds = [end for end, (b, c) in zip(each, counts, strict=True) if b > c]
    if asked >= POLICY.min_cases and all(
        end and end.high < POLICY.margin for end in (ends, *bounds)
    ):
        return GateOutcome.PASS
    if asked == cases or is_undecidable(flips, asked, cases, policy):
        return GateOutcome.INCONCLUSIVE
    return None


def stopped(differences: np.ndarray, behaviors: np.ndarray) -> tuple[GateOutcome, int]:
    """The outcome of one run, and the cases that it asked, which come in this order."""
    cases = len(differences)
    for look, share in enumerate(SHARES):
        asked = round(share * cases)
        kinds = behaviors[:asked] * 2 + (differences[:asked] < 0)
        found = np.bincount(kinds[differences[:asked] != 0], minlength=2 * BEHAVIORS).tolist()
        counts = tuple(sorted(zip(found[::2], found[1::2], strict=True)))
        decided = outcome(counts, look, asked, cases)
        if decided is not None:
            return decided, asked
    raise AssertionError("the last look decides")


def by_case(rng: Rng, cases: int, broke: float, fixed: float) -> np.ndarray:
    """Each case flips for itself."""
    drawn = rng.random(cases)
    return np.where(drawn < broke, 1, np.where(drawn < broke + fixed, -1, 0))


def by_wording(rng: Rng, cases: int, broke: float, fixed: float) -> np.ndarray:
    """Whole wordings break or are fixed, the same number in every run, so that the drop over these
    wordings is known. Each block has its share of each wording."""
    wording = np.arange(cases) % WORDINGS
    order = rng.permutation(WORDINGS)
    down = order[: round(broke * WORDINGS)]
    up = order[len(down) : len(down) + round(fixed * WORDINGS)]
    return np.isin(wording, down).astype(int) - np.isin(wording, up)


def row(
    rng: Rng, runs: int, cases: int, broke: float, fixed: float, kind: str
) -> dict[str, object]:
    draw = by_case if kind == "case" else by_wording
    ends = [
        stopped(draw(rng, cases, broke, fixed), rng.integers(0, BEHAVIORS, cases))
        for _ in range(runs)
    ]
    return {
        "cases": cases,
        "flips_by": kind,
        "broke": broke,
        "fixed": fixed,
        "passes": sum(end is GateOutcome.PASS for end, _ in ends) / runs,
        "regressions": sum(end is GateOutcome.REGRESSION for end, _ in ends) / runs,
        "asked": round(sum(asked for _, asked in ends) / runs / cases, 4),
    }


def stopping(rng: Rng, runs: int) -> Rows:
    """Unchanged models with 0 to 5% flips, then drops of 2 to 20 points: outcomes, and the share of
    the cases that was asked. A false pass is one at a drop of 2 points, the margin."""
    truths = [(0.0, 0.0), (0.005, 0.005), (0.01, 0.01), (0.025, 0.025), (0.02, 0.0), (0.03, 0.01)]
    truths += [(0.045, 0.025), (0.05, 0.0), (0.06, 0.01), (0.1, 0.0), (0.11, 0.01), (0.21, 0.01)]
    whole = [(1 / 60, 1 / 60), (2 / 60, 0.0), (3 / 60, 0.0), (6 / 60, 0.0), (12 / 60, 0.0)]
    return [
        *(row(rng, runs, n, b, c, "case") for n in (300, 1_000) for b, c in truths),
        *(row(rng, runs, n, b, c, "wording") for n in (300, 1_000) for b, c in whole),
    ]
