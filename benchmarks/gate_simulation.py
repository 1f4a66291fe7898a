"""Error rates of the gate, by simulation: false alarms, detection, coverage, false passes.

    python -m benchmarks.gate_simulation

The gate's own functions decide on pairs drawn from known distributions. The result is written to
``benchmarks/results/gate_simulation.json`` with machine and versions. It is seeded: the same
numbers every time. It takes minutes on one core. With ``--only`` the other parts of the file stay
unchanged.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from harness.gate.evidence import PairedCases, paired_test
from harness.gate.policy import GatePolicy
from harness.machine.environment import environment
from harness.stats.clusters import sign_flip_p
from harness.stats.multiple import holm
from harness.stats.paired import DropInterval, drop_interval, mcnemar_mid_p
from harness.stats.ratios import median_ratio

RESULT = Path(__file__).parent / "results/gate_simulation.json"
SEED = 5
BEHAVIORS = 4
"""Behaviors of the simulated suite; a failing case fails exactly one of them."""
POLICY = GatePolicy()

Rows = list[dict[str, Any]]


@cache
def test_of(broke: int, fixed: int) -> float:
    return mcnemar_mid_p(broke, fixed)


@cache
def interval_of(broke: int, fixed: int, cases: int) -> DropInterval:
    found = drop_interval(broke, fixed, cases, POLICY.confidence)
    assert found is not None
    return found


def is_regression(composite: float, behaviors: Sequence[float]) -> bool:
    """The gate's regression rule, applied to the p-values of one task."""
    return composite <= POLICY.composite_alpha or (
        len(behaviors) > 0 and min(holm(behaviors)) <= POLICY.behaviors_alpha
    )


def alarms(rng: np.random.Generator, cases: int, broke: float, fixed: float, runs: int) -> float:
    """Share of runs called a regression, with the number of behaviors of a suite."""
    shares = np.array([broke / BEHAVIORS] * BEHAVIORS + [fixed / BEHAVIORS] * BEHAVIORS)
    counts = rng.multinomial(cases, [*shares, 1 - broke - fixed], runs)
    found = 0
    for row in counts:
        down, up = row[:BEHAVIORS], row[BEHAVIORS : 2 * BEHAVIORS]
        single = [test_of(int(b), int(c)) for b, c in zip(down, up, strict=True)]
        found += is_regression(test_of(int(down.sum()), int(up.sum())), single)
    return found / runs


def independent_null(rng: np.random.Generator, runs: int) -> Rows:
    """An unchanged model: cases flip in both directions equally often."""
    return [
        {
            "cases": cases,
            "flips": flips,
            "false_regressions": alarms(rng, cases, flips / 2, flips / 2, runs),
        }
        for cases in (30, 100, 300, 1_000, 5_000)
        for flips in (0.02, 0.05, 0.10)
    ]


def templated(rng: np.random.Generator, templates: int, size: int, drop: float) -> np.ndarray:
    """Differences of ``templates`` x ``size`` cases. A fifth of the templates change, each up or
    down at random: four in ten of their cases flip that way. ``drop`` is added to it."""
    moved = rng.random(templates) < 0.2
    side = rng.choice((-1, 1), templates)
    flipped = rng.random((templates, size)) < 0.4 * moved[:, None]
    broken = rng.random((templates, size)) < drop
    return np.where(flipped, side[:, None], broken.astype(int))


def clustered_null(rng: np.random.Generator, runs: int) -> Rows:
    """An unchanged model whose templates flip together; compared with a test that ignores them."""
    rows = []
    for templates, size in ((12, 25), (30, 10), (60, 5), (150, 2)):
        names = np.repeat(np.arange(templates), size).tolist()
        plain = ours = 0
        for _ in range(runs):
            found = templated(rng, templates, size, 0.0).ravel()
            plain += test_of(int((found > 0).sum()), int((found < 0).sum())) <= 0.05
            ours += sign_flip_p(found.tolist(), names) <= POLICY.composite_alpha
        rows.append(
            {
                "templates": templates,
                "cases_each": size,
                "false_regressions": ours / runs,
                "ignoring_templates": plain / runs,
            }
        )
    return rows


def detected(rng: np.random.Generator, runs: int) -> Rows:
    """Power for drops that should be detected in 80% of runs."""
    truths = [(335, 0.02, 0.0), (833, 0.035, 0.015), (1_629, 0.06, 0.04)]
    truths += [(n, d + 0.01, 0.01) for n, d in ((30, 0.23), (100, 0.083), (300, 0.035),
                                                (1_000, 0.015), (2_000, 0.010))]  # fmt: skip
    return [
        {
            "cases": cases,
            "broke": broke,
            "fixed": fixed,
            "detected": alarms(rng, cases, broke, fixed, runs),
        }
        for cases, broke, fixed in truths
    ]


def covered(rng: np.random.Generator, runs: int) -> Rows:
    """Coverage of the interval of the drop."""
    rows = []
    for cases in (30, 100, 300, 1_000, 5_000):
        for broke, fixed in ((0.03, 0.01), (0.01, 0.01), (0.005, 0.0), (0.10, 0.05), (0.02, 0.6)):
            inside = 0
            for b, c, _ in rng.multinomial(cases, (broke, fixed, 1 - broke - fixed), runs):
                low, high = interval_of(int(b), int(c), cases)
                inside += low <= broke - fixed <= high
            rows.append({"cases": cases, "broke": broke, "fixed": fixed, "coverage": inside / runs})
    return rows


def covered_with_templates(rng: np.random.Generator, runs: int) -> Rows:
    """Coverage where cases come from templates, through the function that the gate calls."""
    rows = []
    for templates, size in ((12, 25), (30, 10), (60, 5), (150, 2)):
        names = tuple(np.repeat(np.arange(templates), size).astype(str).tolist())
        # `drop` applies to all cases of unchanged templates, and to cases of others that did not
        # flip.
        drop, inside = 0.02, 0
        truth = drop * (1 - 0.2 * 0.4)
        for _ in range(runs):
            differences = tuple(int(d) for d in templated(rng, templates, size, drop).ravel())
            pairs = PairedCases(differences, names, len(names), len(names) - sum(differences))
            found = paired_test("", "", pairs, POLICY.confidence)
            assert found is not None
            inside += found.interval.low <= truth <= found.interval.high
        rows.append({"templates": templates, "cases_each": size, "coverage": inside / runs})
    return rows


def false_passes(rng: np.random.Generator, runs: int) -> Rows:
    """Rate of passes for a drop of exactly the margin."""
    rows = []
    for cases in (149, 300, 1_000):
        for broke, fixed in ((0.02, 0.0), (0.03, 0.01), (0.06, 0.04)):
            passed = 0
            for b, c, _ in rng.multinomial(cases, (broke, fixed, 1 - broke - fixed), runs):
                is_worse = test_of(int(b), int(c)) <= POLICY.composite_alpha
                is_bounded = interval_of(int(b), int(c), cases).high < POLICY.margin
                passed += not is_worse and is_bounded
            rows.append(
                {"cases": cases, "broke": broke, "fixed": fixed, "false_passes": passed / runs}
            )
    return rows


def repeated_null(rng: np.random.Generator, runs: int) -> Rows:
    """An unchanged mean with four sampled answers to each case. Each case has its own pass
    probability; for one case in five it changes, up as often as down. Compared with a test that
    counts every answer as a case."""
    rows, repeats = [], 4
    for cases in (30, 100, 300):
        names = [str(i) for i in range(cases)]
        plain = ours = 0
        for _ in range(runs):
            was = rng.beta(1.9, 0.1, cases)
            now = np.where(rng.random(cases) < 0.2, rng.beta(1.9, 0.1, cases), was)
            before, after = (rng.random((repeats, cases)) < p for p in (was, now))
            broke, fixed = (before & ~after).sum(), (after & ~before).sum()
            plain += test_of(int(broke), int(fixed)) <= 0.05
            differences = (before.sum(axis=0) - after.sum(axis=0)).tolist()
            ours += sign_flip_p(differences, names) <= POLICY.composite_alpha
        rows.append(
            {
                "cases": cases,
                "repeats": repeats,
                "false_regressions": ours / runs,
                "counting_answers": plain / runs,
            }
        )
    return rows


def latency(rng: np.random.Generator, runs: int) -> Rows:
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


PARTS: dict[str, tuple[Callable[[np.random.Generator, int], Rows], int]] = {
    "independent_null": (independent_null, 40_000),
    "clustered_null": (clustered_null, 40_000),
    "detected": (detected, 20_000),
    "covered": (covered, 2_000),
    "covered_with_templates": (covered_with_templates, 600),
    "false_passes": (false_passes, 20_000),
    "repeated_null": (repeated_null, 4_000),
    "latency": (latency, 2_000),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--runs", type=int, help="simulated runs of each row (default: 600 to 40,000)"
    )
    parser.add_argument("--only", choices=PARTS, action="append")
    chosen = parser.parse_args()
    result: dict[str, Any] = {
        "policy": POLICY.model_dump(),
        "behaviors": BEHAVIORS,
        "seed": SEED,
        "environment": environment(),
    }
    for name in chosen.only or PARTS:
        simulate, usual = PARTS[name]
        runs, started = chosen.runs or usual, time.perf_counter()
        rows = simulate(np.random.default_rng(SEED), runs)
        seconds = round(time.perf_counter() - started, 1)
        print(f"{name}: {runs} runs of each row, {seconds} s", flush=True)
        for row in rows:
            print("  " + "  ".join(f"{key} {value:g}" for key, value in row.items()), flush=True)
        result[name] = {"runs": runs, "rows": rows}
    if not chosen.runs:
        RESULT.parent.mkdir(exist_ok=True)
        if chosen.only and RESULT.exists():
            result = {**json.loads(RESULT.read_text("utf-8")), **result}
        RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
        print(f"written: {RESULT}")


if __name__ == "__main__":
    main()
