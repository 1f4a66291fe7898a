"""Simulates the gate's decisions with the gate's own functions.

    python -m benchmarks.gate_simulation

The result is written to ``benchmarks/results/gate_simulation.json`` with machine and versions. It
is seeded: the same numbers every time. It takes minutes on one core. With ``--only`` the other
parts of the file stay unchanged.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gate_simulation import (
    cases,
    daily,
    drift,
    latency,
    rates,
    stopping,
    tasks,
    wordings,
)
from benchmarks.gate_simulation.drawing import POLICY, SEED, Rng, Rows
from harness.machine.environment import environment

RESULT = Path(__file__).parents[1] / "results/gate_simulation.json"

EXACT = 0
"""Runs of a part whose probabilities are summed over all outcomes."""

PARTS: dict[str, tuple[Callable[[Rng, int], Rows], int]] = {
    "unchanged": (cases.unchanged, 20_000),
    "detected": (cases.detected, 10_000),
    "one_behavior": (cases.one_behavior, 4_000),
    "covered": (cases.covered, EXACT),
    "false_passes": (cases.false_passes, EXACT),
    "errors": (cases.errors, 4_000),
    "trade_offs": (cases.trade_offs, 60_000),
    "repeats": (cases.repeats, 4_000),
    "these_wordings": (wordings.these, 1_000),
    "new_wordings": (wordings.new, 400),
    "rates": (rates.covered, 200),
    "rates_of_cases": (rates.of_cases, EXACT),
    "tasks": (tasks.several, 500),
    "stopping": (stopping.stopping, 2_000),
    "daily": (daily.daily, 1_000),
    "latency": (latency.latency, 2_000),
    "latency_tails": (latency.tails, 4_000),
    "ten_pull_requests": (drift.ten_pull_requests, 20_000),
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
        "seed": SEED,
        "environment": environment(),
    }
    for name in chosen.only or PARTS:
        simulate, usual = PARTS[name]
        runs, started = chosen.runs or usual, time.perf_counter()
        rows = simulate(np.random.default_rng(SEED), runs)
        seconds = round(time.perf_counter() - started, 1)
        how = f"{runs} runs of each row" if usual else "exact"
        print(f"{name}: {how}, {seconds} s", flush=True)
        for row in rows:
            print("  " + "  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
        result[name] = {"runs": runs if usual else "exact", "rows": rows}
    if not chosen.runs:
        RESULT.parent.mkdir(exist_ok=True)
        if chosen.only and RESULT.exists():
            result = {**json.loads(RESULT.read_text("utf-8")), **result}
        RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
        print(f"written: {RESULT}")


if __name__ == "__main__":
    main()
