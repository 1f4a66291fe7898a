"""Peak memory and time of a training step at the shape of a 0.5B model, compared with plain TRL.

    python -m benchmarks.random_model /tmp/qwen05
    python -m benchmarks.training_step /tmp/qwen05

Ours is ``harness train`` with the settings of a small machine: bfloat16, activation checkpointing.
The peer is TRL's ``SFTTrainer`` on the same rows with the same adapter and batch and nothing else
set: what a script of ten lines does. Rows have 256 tokens, half of them trained; a step is two
batches of one row; one thread (``OMP_NUM_THREADS``). Processes of both sides alternate. The median
step is compared, the first of a process left out: in CPU seconds, which depend less on what else
runs, and in wall time. Peaks are ``VmHWM`` at the end, our adapter saved. The result is written to
``benchmarks/results/training_step.json`` with machine, load and versions: five minutes.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.training_rows import write_rows
from benchmarks.whole_run import ROOT
from harness.engine.openmp import BOUNDED_SPINNING
from harness.machine.environment import environment
from harness.machine.load import load_average

RESULT = ROOT / "benchmarks/results/training_step.json"
TOKENS = 256
RECIPE = """\
method: sft
base: {model}
output: {output}
data: {{train: {rows}}}
max_length: {tokens}
dtype: bfloat16
activation_checkpointing: true
per_device_train_batch_size: 1
gradient_accumulation_steps: 2
max_steps: {steps}
logging_steps: 1
lora: {{r: 4, lora_alpha: 8}}
"""
CLOCK = """\
import json, sys, time
from harness.machine.memory import peak_resident_bytes

steps = []

class Clock:
    def on_step_begin(self, *args, **kwargs):
        self.began = time.process_time(), time.perf_counter()

    def on_step_end(self, args, state, *rest, **kwargs):
        ended = time.process_time(), time.perf_counter()
        steps.append([after - before for before, after in zip(self.began, ended)])

def report():
    print(json.dumps({"steps": steps, "peak_mb": peak_resident_bytes() / 1e6}))
"""
OURS = f"""\
{CLOCK}
from trainers.run import curve
from trainers.run.train import train

class Curve(Clock, curve.Curve):
    def on_step_end(self, *args, **kwargs):
        Clock.on_step_end(self, *args, **kwargs)
        curve.Curve.on_step_end(self, *args, **kwargs)

from trainers.run import loop
loop.Curve = Curve
train(sys.argv[1], overwrite=True)
report()
"""
PLAIN = f"""\
{CLOCK}
from datasets import load_dataset
from peft import LoraConfig
from transformers import TrainerCallback
from trl import SFTConfig, SFTTrainer

class Callback(Clock, TrainerCallback):
    pass

model, rows, output, tokens, count = sys.argv[1:]
trainer = SFTTrainer(
    model=model,
    args=SFTConfig(
        output_dir=output, use_cpu=True, bf16=False, max_length=int(tokens), max_steps=int(count),
        per_device_train_batch_size=1, gradient_accumulation_steps=2, save_strategy="no",
        report_to="none",
    ),
    train_dataset=load_dataset("json", data_files=rows, split="train"),
    peft_config=LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM"),
    callbacks=[Callback()],
)
trainer.train()
report()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="a folder of benchmarks.random_model")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=4)
    chosen = parser.parse_args()
    before = load_average()
    found: dict[str, list[dict[str, Any]]] = {"ours": [], "plain TRL": []}
    with tempfile.TemporaryDirectory() as folder:
        commands = prepare(Path(folder), chosen.model, chosen.steps)
        for _ in range(chosen.rounds):
            for name, command in commands.items():
                found[name].append(run(command, folder))
                print(f"{name}: {found[name][-1]}", flush=True)
    write(found, [before, load_average()])


def prepare(folder: Path, model: Path, steps: int) -> dict[str, list[str]]:
    """Rows and recipe, and the command of each side."""
    rows, output, recipe = folder / "rows.jsonl", folder / "out", folder / "recipe.yaml"
    write_rows(rows, model, TOKENS)
    values = {"model": model, "output": output, "rows": rows, "tokens": TOKENS, "steps": steps}
    recipe.write_text(RECIPE.format(**values), "utf-8")
    plain = [str(model), str(rows), str(folder / "plain"), str(TOKENS), str(steps)]
    return {
        "ours": [sys.executable, "-c", OURS, str(recipe)],
        "plain TRL": [sys.executable, "-c", PLAIN, *plain],
    }


def run(command: list[str], folder: str) -> dict[str, Any]:
    quiet = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HOME": folder, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
        env={**BOUNDED_SPINNING, **os.environ, **quiet},
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def write(found: dict[str, list[dict[str, Any]]], load: list[float | None]) -> None:
    sides = {name: summary(runs) for name, runs in found.items()}
    ours, plain = sides["ours"], sides["plain TRL"]
    result = {
        "command": [
            "python",
            "-m",
            "benchmarks.training_step",
            *(Path(a).name for a in sys.argv[1:]),
        ],
        "tokens": TOKENS,
        "rows_a_step": 2,
        "threads": 1,
        "load_average": load,
        **{name.replace(" ", "_"): side for name, side in sides.items()},
        "cpu_ratio": round(ours["cpu_seconds"] / plain["cpu_seconds"], 3),
        "wall_ratio": round(ours["wall_seconds"] / plain["wall_seconds"], 3),
        "environment": environment(ROOT),
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(
        f"peak {ours['peak_mb']:,} MB, plain TRL {plain['peak_mb']:,}; a step takes "
        f"{result['cpu_ratio']:.2f} of its CPU time, {result['wall_ratio']:.2f} of its wall time"
    )


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The worst peak, and the median step; the first step of a process is left out."""
    cpu, wall = zip(*(step for run in runs for step in run["steps"][1:]), strict=True)
    return {
        "peak_mb": round(max(run["peak_mb"] for run in runs)),
        "cpu_seconds": round(statistics.median(cpu), 3),
        "wall_seconds": round(statistics.median(wall), 3),
        "runs": runs,
    }


if __name__ == "__main__":
    main()
