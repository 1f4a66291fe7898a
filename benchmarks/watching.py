"""Measures the share of a training's time that watching its behaviors takes.

    python -m benchmarks.watching [--steps N]

The bundled tiny recipe is trained on 1,600 rows, with evaluations once an epoch (the default) and
twice, of 50 held-out prompts (the default) and of 200. Of each training: CPU seconds of the
watching, over those of everything else in the training loop.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from harness.machine.environment import environment

RESULT = Path(__file__).parent / "results/watching.json"
RECIPE, TASK = "json_extraction_tiny", "json_extraction"
EPOCH = 100
"""Steps of one pass over the recipe's rows."""
SETTINGS = ((EPOCH, 50), (EPOCH // 2, 50), (EPOCH, 200))
"""Steps between evaluations, and prompts."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2 * EPOCH)
    steps = parser.parse_args().steps
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "data"
        made = (sys.executable, "-m", "fixtures.datasets", TASK, "--rows", "2000", "--seed", "0")
        subprocess.run([*made, "--out", str(data)], check=True, capture_output=True)
        rows = [measured(data, Path(name) / "out", steps, *setting) for setting in SETTINGS]
    for row in rows:
        print(json.dumps(row))
    values = {"recipe": RECIPE, "steps": steps, "trainings": rows, "environment": environment()}
    RESULT.write_text(json.dumps(values, indent=1) + "\n", "utf-8")


def measured(data: Path, output: Path, steps: int, eval_steps: int, prompts: int) -> dict[str, Any]:
    """CPU seconds of one training, in this process."""
    from trainers.run import loop
    from trainers.run.behaviors import Watch
    from trainers.run.train import train

    spent = {"watching": 0.0, "all": 0.0}

    def timed(name: str, function: Any) -> Any:
        def run(*args: Any, **kwargs: Any) -> Any:
            began = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                spent[name] += time.process_time() - began

        return run

    look, take_steps = Watch.look, loop.take_steps
    Watch.look, loop.take_steps = timed("watching", look), timed("all", take_steps)  # type: ignore[method-assign]
    try:
        values = {
            "data.train": f'["{data}/train.jsonl"]', "data.val": f'["{data}/val.jsonl"]',
            "output": output, "max_steps": steps, "eval_steps": eval_steps, "task": TASK,
            "watch_rows": prompts,
        }  # fmt: skip
        train(RECIPE, [f"{key}={value}" for key, value in values.items()], overwrite=True)
    finally:
        Watch.look, loop.take_steps = look, take_steps  # type: ignore[method-assign]
    training = spent["all"] - spent["watching"]
    return {
        "eval_steps": eval_steps,
        "watch_rows": prompts,
        "watching_cpu_seconds": round(spent["watching"], 2),
        "training_cpu_seconds": round(training, 2),
        "share": round(spent["watching"] / training, 4),
    }


if __name__ == "__main__":
    main()
