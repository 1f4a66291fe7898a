"""Several tasks: Holm's procedure for each beside one test of all together."""

from benchmarks.gate_simulation.drawing import POLICY, Rng, Rows, pairs_from
from harness.gate.families import composites

CASES = 300


def several(rng: Rng, runs: int) -> Rows:
    """Regressions of 1 to 8 tasks: unchanged, all fallen by the margin, or only the first, far."""
    rows = []
    for tasks in (1, 2, 4, 8):
        for name, drops in (
            ("unchanged", [0.0] * tasks),
            ("all -2 points", [0.02] * tasks),
            ("one -5 points", [0.05, *[0.0] * (tasks - 1)]),
        ):
            fell = 0
            for _ in range(runs):
                cases = []
                for i, drop in enumerate(drops):
                    draws = rng.choice((1, -1, 0), CASES, p=(drop + 0.01, 0.01, 1 - drop - 0.02))
                    cases.append((str(i), pairs_from(draws)))
                tests, pooled = composites(cases, POLICY)
                both = [*tests, pooled]
                fell += any(t is not None and t.is_regression(POLICY.margin) for t in both)
            rows.append({"tasks": tasks, "truth": name, "regressions": fell / runs})
    return rows
