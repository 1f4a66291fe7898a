"""Peak memory of trainings at the shape of a 0.5B model, which ``--estimate`` is held against.

    python -m benchmarks.random_model /tmp/qwen05
    python -m benchmarks.training_memory /tmp/qwen05

Each setting is a ``harness train`` of three steps in a process of its own, whose ``VmHWM`` is read
from its ``training.json``. All rows are as long as the setting allows, and half of each is trained.
The result is written to ``benchmarks/results/training_memory.json`` with machine and versions;
``tests/trainers/model/test_estimate.py`` compares the estimates, whose stated interval is that of
their errors here. Memory depends little on what else runs: ten minutes on two idle cores.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.training_rows import write_rows
from benchmarks.whole_run import ROOT
from harness.machine.environment import environment

RESULT = ROOT / "benchmarks/results/training_memory.json"
STEPS = 3
COMMON = {
    "max_length": 256,
    "activation_checkpointing": True,
    "dtype": "bfloat16",
    "per_device_train_batch_size": 1,
    "gradient_accumulation_steps": 2,
    "lora.r": 4,
    "lora.lora_alpha": 8,
}
SETTINGS: dict[str, dict[str, Any]] = {
    "256 tokens": {},
    "512 tokens": {"max_length": 512},
    "1,024 tokens": {"max_length": 1024},
    "2 x 256 tokens": {"per_device_train_batch_size": 2},
    "no checkpointing": {"activation_checkpointing": False},
    "512 tokens, no checkpointing": {"max_length": 512, "activation_checkpointing": False},
    "r 64": {"lora.r": 64, "lora.lora_alpha": 128},
    "nf4": {"quantize": "nf4"},
    "int8": {"quantize": "int8"},
    "float32": {"dtype": "float32"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "model", type=Path, help="a folder that benchmarks.random_model has written"
    )
    parser.add_argument("--only", nargs="+", choices=SETTINGS, default=[*SETTINGS])
    chosen = parser.parse_args()
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen.only:
            runs.append(measured(name, chosen.model, Path(folder)))
            print("{setting}: {measured_mb:,} MB".format(**runs[-1]), flush=True)
    if chosen.only == [*SETTINGS]:
        result = {
            "command": ["python", "-m", "benchmarks.training_memory", chosen.model.name],
            "steps": STEPS,
            "common": COMMON,
            "runs": runs,
            "environment": environment(ROOT),
        }
        RESULT.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


def measured(name: str, model: Path, folder: Path) -> dict[str, Any]:
    """One setting, trained in its own process."""
    values = {**COMMON, **SETTINGS[name]}
    rows, output = folder / "rows.jsonl", folder / "out"
    write_rows(rows, model, values["max_length"])
    recipe = folder / "recipe.yaml"
    recipe.write_text(f"method: sft\nbase: {model}\noutput: {output}\ndata: {{train: {rows}}}\n")
    changes = [f"{key}={json.dumps(value)}" for key, value in values.items()]
    changes += [f"max_steps={STEPS}", "logging_steps=1"]
    options = [part for change in changes for part in ("--set", change)]
    command = [sys.executable, "-m", "harness", "train", str(recipe), "--overwrite", *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    record = json.loads((output / "training.json").read_text("utf-8"))
    return {
        "setting": name,
        "changes": SETTINGS[name],
        "trained_tokens": record["data"]["train"]["trained_tokens"],
        "tokens": record["data"]["train"]["tokens"],
        "measured_mb": round(record["result"]["peak_memory_mb"]),
    }


if __name__ == "__main__":
    main()
