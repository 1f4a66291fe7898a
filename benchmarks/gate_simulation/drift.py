"""Ten changes in a row, each gated against the baseline that the one before left, and its anchor.

Each change breaks half a point of
the cases for good, or nothing. Beside it cases flip by themselves: ``flips`` of them differ between
two runs of one model. The gate's rules on the composite are computed for all runs at once; single
behaviors add at most ``BEHAVIORS_SHARE`` of each error rate.
"""

from itertools import pairwise
from statistics import NormalDist
from typing import Any

import numpy as np

from benchmarks.gate_simulation.drawing import POLICY, Rng, Rows
from harness.gate.policy import GatePolicy
from harness.stats.paired import score_statistic

CHANGES = 10
LOSS = 0.005
"""Share of the cases that each change breaks."""
BLOCK = 500
"""Runs simulated at once."""

Flags = np.ndarray[Any, np.dtype[np.bool_]]


def ten_pull_requests(rng: Rng, runs: int) -> Rows:
    """Share of runs in which one of ten changes is a regression: against the rolling baseline
    alone, and against the anchor too; and the share of single changes that are."""
    rows = []
    for cases in (150, 300, 1_000):
        for flips in (0.0, 0.01, 0.02, 0.05):
            for loss in (LOSS, 0.0):
                blocks = [
                    _decisions(rng, min(BLOCK, runs - done), cases, flips, loss)
                    for done in range(0, runs, BLOCK)
                ]
                rolling, both, passed_rolling, passed = (
                    np.concatenate(found, axis=1) for found in zip(*blocks, strict=True)
                )
                rows.append(
                    {
                        "cases": cases,
                        "flips": flips,
                        "lost_each": loss,
                        "red_by_the_tenth_rolling": float(rolling.any(axis=0).mean()),
                        "red_by_the_tenth": float(both.any(axis=0).mean()),
                        "red_each_rolling": float(rolling.mean()),
                        "red_each": float(both.mean()),
                        "passes_each_rolling": float(passed_rolling.mean()),
                        "passes_each": float(passed.mean()),
                    }
                )
    return rows


def _decisions(
    rng: Rng, runs: int, cases: int, flips: float, loss: float
) -> tuple[Flags, Flags, Flags, Flags]:
    """Regressions against the rolling baseline and against either, and passes so, by change and
    run. The first change has no anchor beside its baseline."""
    broken = np.zeros((runs, cases), dtype=bool)
    share = (1 - (1 - 2 * flips) ** 0.5) / 2
    """Of the cases that flip in one run, so that ``flips`` differ between two."""
    failing = [broken ^ (rng.random(broken.shape) < share)]
    for _ in range(CHANGES):
        broken = broken | (rng.random(broken.shape) < loss)
        failing.append(broken ^ (rng.random(broken.shape) < share))
    found = [_judged(a, b, POLICY) for a, b in pairwise(failing)]
    rolling, passed = (np.array([pair[side] for pair in found]) for side in (0, 1))
    since = [_judged(failing[0], b, POLICY.anchored) for b in failing[2:]]
    red, passed_since = (np.array([pair[side] for pair in since]) for side in (0, 1))
    both, passed_both = rolling.copy(), passed.copy()
    both[1:] |= red
    passed_both[1:] &= passed_since
    return rolling, both, passed, passed_both


def _judged(before: Flags, after: Flags, policy: GatePolicy) -> tuple[Flags, Flags]:
    """Regression and pass of each run: ``PairedTest.is_regression`` and its interval's high end."""
    tails, cases = policy.tails, before.shape[1]
    broke, fixed = (after & ~before).sum(axis=1), (before & ~after).sum(axis=1)
    is_unchanged = broke + fixed == 0
    at_zero = score_statistic(broke, fixed, cases)
    at_margin = score_statistic(broke, fixed, cases, policy.margin)
    is_loss = at_zero > NormalDist().inv_cdf(1 - tails.low)
    is_below = at_margin < NormalDist().inv_cdf(tails.high)
    is_bounded = 1 - tails.no_flip ** (1 / cases) < policy.margin
    is_passed = np.where(is_unchanged, is_bounded, is_below)
    return is_loss & ~is_passed, is_passed
