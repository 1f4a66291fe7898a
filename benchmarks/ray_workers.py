"""Answers per second of Ray's workers with a core each, compared with one process of all cores.

    python -m benchmarks.random_model /tmp/qwen135 --shape 135m
    python -m benchmarks.ray_workers /tmp/qwen135

Every run is a new process that asks one suite, without the store. One worker and two, each with
one thread, take turns with a process of two threads, on the same batches and on the default
ones, of which the faster counts. Answers per second are over the time of answering alone, which
the record keeps: loading, and starting a local cluster, are in the seconds of the whole run. The
result is written to ``benchmarks/results/ray_workers.json`` with machine and versions. Run it on an
idle machine of two cores, or name others with ``taskset``.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import benchmarks  # noqa: F401 - nothing comes from the store
from harness.machine.environment import environment
from harness.records.runs import read_run

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "benchmarks/results/ray_workers.json"
PROCESS = ("process, default batches", "process, same batches")
WORKERS = ("one worker", "two workers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="folder of a transformers model")
    parser.add_argument("--limit", type=int, default=64, help="cases (default: 64)")
    parser.add_argument("--batch-tokens", default="8192", help="of a batch (default: 8192)")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--dry-run", action="store_true", help="write no result")
    chosen = parser.parse_args()
    model = ["--model", f"base:{chosen.model}", "--limit", str(chosen.limit), "--device", "cpu"]
    batches = ["--batch-tokens", chosen.batch_tokens]
    sides = {
        PROCESS[0]: [*model, "--threads", "2"],
        PROCESS[1]: [*model, *batches, "--threads", "2"],
        WORKERS[0]: [*model, *batches, "--threads", "1", "--engine", "ray", "--workers", "1"],
        WORKERS[1]: [*model, *batches, "--threads", "1", "--engine", "ray", "--workers", "2"],
    }
    found: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
    for _ in range(chosen.repeats):
        for name, arguments in sides.items():
            found[name].append(measured(arguments))
            print(f"{name}: {found[name][-1]}", flush=True)
    result = summary(found) | {"cases": chosen.limit, "batch_tokens": int(chosen.batch_tokens)}
    print(json.dumps({k: v for k, v in result.items() if k != "runs"}, indent=1))
    if not chosen.dry_run:
        text = json.dumps({"environment": environment(), **result}, indent=1)
        RESULT.write_text(text + "\n", "utf-8")


def measured(arguments: list[str]) -> dict[str, float]:
    """One run: its answers per second while it answered, and the seconds of the whole."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "pytest", "suites/test_json_validity.py", "-q", "--tb=no",
            "--task", "json_extraction", "--report-dir", folder, "--run-id", "run", *arguments,
        ]  # fmt: skip
        started = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        seconds = time.perf_counter() - started
        if done.returncode not in (0, 1):  # 1: a budget is missed, as random weights do.
            raise SystemExit(done.stdout + done.stderr)
        record = read_run(Path(folder) / "run")
    if errors := [s.completion.error for s in record.samples if s.completion.error]:
        raise SystemExit(errors[0])
    generating = record.models[0].generate_seconds
    assert generating is not None
    return {"rate": round(len(record.samples) / generating, 3), "seconds": round(seconds, 2)}


def summary(found: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """Medians, and the workers' share of the faster process."""
    rates = {name: statistics.median(run["rate"] for run in runs) for name, runs in found.items()}
    best = max(rates[name] for name in PROCESS)
    return {
        "median_answers_per_second": rates,
        "ratio_to_process": {name: round(rates[name] / best, 3) for name in WORKERS},
        "median_seconds": {
            name: statistics.median(run["seconds"] for run in runs) for name, runs in found.items()
        },
        "runs": found,
    }


if __name__ == "__main__":
    main()
