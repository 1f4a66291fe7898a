"""Cases that are their own wordings: counts decide, so they are drawn as multinomials."""

from collections.abc import Iterator

import numpy as np
from scipy.stats import binom

from benchmarks.gate_simulation.drawing import POLICY, Rng, Rows, falling, interval_of, is_fall
from harness.stats.paired import drop_interval, flips_of

BEHAVIORS = 4
"""Behaviors of the simulated suite; a failing case fails exactly one of them."""


def counts_of(rng: Rng, cases: int, broke: float, fixed: float, runs: int) -> np.ndarray:
    """Broken and fixed cases of each behavior."""
    shares = [broke / BEHAVIORS] * BEHAVIORS + [fixed / BEHAVIORS] * BEHAVIORS
    return rng.multinomial(cases, [*shares, 1 - broke - fixed], runs)[:, : 2 * BEHAVIORS]


def decisions(counts: np.ndarray, cases: int) -> tuple[float, float]:
    """Shares of runs that are regressions, and that pass, with the suite's behaviors."""
    fell = passed = 0
    for row in counts:
        down, up = row[:BEHAVIORS], row[BEHAVIORS:]
        each = [(int(b), int(c)) for b, c in zip(down, up, strict=True)]
        ends = interval_of(int(down.sum()), int(up.sum()), cases)
        is_worse = is_fall(ends) or falling(each, cases)
        fell += is_worse
        passed += not is_worse and ends.high < POLICY.margin and are_bounded(each, cases)
    return fell / len(counts), passed / len(counts)


def are_bounded(behaviors: list[tuple[int, int]], cases: int) -> bool:
    """Each behavior of which more cases broke than were fixed is bounded below the margin."""
    ends = [drop_interval(b, c, cases, POLICY.behavior_tails) for b, c in behaviors if b > c]
    return all(end is not None and end.high < POLICY.margin for end in ends)


def unchanged(rng: Rng, runs: int) -> Rows:
    """An unchanged model: cases flip in both directions equally often."""
    rows = []
    for cases in (30, 100, 300, 1_000, 5_000):
        for flips in (0.02, 0.05, 0.10):
            fell, passed = decisions(counts_of(rng, cases, flips / 2, flips / 2, runs), cases)
            rows.append(
                {"cases": cases, "flips": flips, "false_regressions": fell, "passes": passed}
            )
    return rows


def detected(rng: Rng, runs: int) -> Rows:
    """Drops, and the share of runs in which they are called a regression."""
    truths = [(335, 0.02, 0.0), (833, 0.035, 0.015), (1_629, 0.06, 0.04)]
    truths += [(n, d + 0.01, 0.01) for n, d in ((30, 0.23), (100, 0.083), (300, 0.035),
                                                (1_000, 0.03), (2_000, 0.03))]  # fmt: skip
    rows = []
    for cases, broke, fixed in truths:
        fell, _ = decisions(counts_of(rng, cases, broke, fixed, runs), cases)
        rows.append({"cases": cases, "broke": broke, "fixed": fixed, "detected": fell})
    return rows


def one_behavior(rng: Rng, runs: int) -> Rows:
    """A drop of 3 points in one of twelve behaviors that are not required, and none in any."""
    rows, cases, behaviors = [], 300, 12
    for broke in (0.0, 0.03):
        fell = 0
        for _ in range(runs):
            down = rng.binomial(cases, [broke, *[0.001] * (behaviors - 1)])
            up = rng.binomial(cases, [0.0, *[0.001] * (behaviors - 1)])
            fell += falling(list(zip(down.tolist(), up.tolist(), strict=True)), cases)
        rows.append(
            {"cases": cases, "behaviors": behaviors, "broke": broke, "detected": fell / runs}
        )
    return rows


def tables_of(cases: int, broke: float, fixed: float) -> Iterator[tuple[float, int, int]]:
    """The probability of each count of broken and fixed cases: all but a millionth of a millionth
    at each end."""
    least, most = binom.ppf((1e-12, 1 - 1e-12), cases, broke).astype(int)
    for b in range(least, most + 1):
        share = binom.pmf(b, cases, broke)
        rest, chance = cases - b, min(fixed / (1 - broke), 1.0)
        low, high = binom.ppf((1e-12, 1 - 1e-12), rest, chance).astype(int)
        for c, part in enumerate(binom.pmf(np.arange(low, high + 1), rest, chance), int(low)):
            yield float(share * part), b, c


def covered(_: Rng, __: int) -> Rows:
    """Coverage of the interval of the drop, whose ends may each miss in 3% of runs. Exact."""
    rates = [(r, 0.0) for r in (0.003, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.3, 0.9)]
    rates += [(r, r) for r in (0.005, 0.01, 0.02, 0.05, 0.1)]
    rates += [(0.013, 0.002), (0.03, 0.01), (0.05, 0.005), (0.1, 0.03), (0.1, 0.05), (0.3, 0.05)]
    rates += [(0.01, 0.03), (0.05, 0.1), (0.02, 0.6), (0.17, 0.14), (0.14, 0.1), (0.14, 0.09)]
    # Nearly every case flips.
    rates += [(0.0, 0.99), (0.1, 0.9), (0.5, 0.5), (0.74, 0.26), (0.99, 0.005), (0.99, 0.01)]
    rows = []
    for cases in (30, 39, 51, 60, 100, 149, 300, 1_000):
        for broke, fixed in rates:
            inside = 0.0
            for share, b, c in tables_of(cases, broke, fixed):
                low, high = interval_of(b, c, cases)
                inside += share * (low <= broke - fixed <= high)
            rows.append({"cases": cases, "broke": broke, "fixed": fixed, "coverage": inside})
    return rows


def false_passes(_: Rng, __: int) -> Rows:
    """A drop of exactly the margin. Exact."""
    rows = []
    for cases in (149, 200, 300, 350, 1_000, 5_000):
        for broke, fixed in ((0.02, 0.0), (0.03, 0.01), (0.06, 0.04)):
            passed = sum(
                share
                for share, b, c in tables_of(cases, broke, fixed)
                if interval_of(b, c, cases).high < POLICY.margin
            )
            rows.append({"cases": cases, "broke": broke, "fixed": fixed, "false_passes": passed})
    return rows


def errors(rng: Rng, runs: int) -> Rows:
    """A drop of the margin where up to 2% of the answers after are errors: at random, or on the
    cases that broke. A case that was judged before and is not after never passes; were it left to
    the bound, this is what the bound would pass."""
    rows = []
    for cases in (300, 1_000):
        most = cases // 50
        for place in ("at random", "on the broken"):
            passed = 0
            for _ in range(runs):
                broke = int(rng.binomial(cases, POLICY.margin))
                hidden = min(most, broke)
                if place == "at random":
                    hidden = int(rng.hypergeometric(broke, cases - broke, most))
                lost = broke - hidden + most
                passed += interval_of(lost, 0, cases).high < POLICY.margin
            rows.append({"cases": cases, "errors": place, "false_passes": passed / runs})
    return rows


def trade_offs(rng: Rng, runs: int) -> Rows:
    """One required behavior loses the margin while another gains as much: on the same cases, where
    no case flips altogether, or on others."""
    rows = []
    for cases in (149, 222, 300, 1_000):
        for place in ("same cases", "other cases"):
            passed = 0
            for _ in range(runs):
                lost, gained = rng.binomial(cases, [POLICY.margin, POLICY.margin]).tolist()
                flips = (0, 0) if place == "same cases" else (lost, gained)
                ends = interval_of(*flips, cases)
                each = [(lost, 0), (0, gained)]
                is_worse = is_fall(ends) or falling(each, cases)
                passed += not is_worse and ends.high < POLICY.margin and are_bounded(each, cases)
            rows.append({"cases": cases, "on": place, "false_passes": passed / runs})
    return rows


def repeats(rng: Rng, runs: int) -> Rows:
    """Several sampled answers to each of 300 cases. Each case has its own pass probability, that of
    an unchanged model the same on both sides; or a share of the cases that is the margin breaks."""
    rows, cases = [], 300
    for count in (1, 4, 8):
        for broken in (0.0, POLICY.margin):
            fell = passed = inside = 0
            for _ in range(runs):
                p = np.where(rng.random(cases) < 0.9, 1.0, rng.beta(4, 1, cases))
                breaks = rng.random(cases) < broken
                q = np.where(breaks, 0.0, p)
                d = rng.binomial(count, p) - rng.binomial(count, q)
                ends = drop_interval(*flips_of(d.tolist(), count), cases, POLICY.tails)
                assert ends is not None
                fell += is_fall(ends)
                passed += ends.high < POLICY.margin
                inside += ends.low <= broken * (0.9 + 0.1 * 0.8) <= ends.high
            rows.append(
                {
                    "answers": count,
                    "drop": broken * (0.9 + 0.1 * 0.8),
                    "regressions": fell / runs,
                    "passes": passed / runs,
                    "coverage": inside / runs,
                }
            )
    return rows
