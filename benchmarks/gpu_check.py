"""Checks on a CUDA GPU of what was only computed: peaks of QLoRA trainings beside their estimates,
and the verdicts of the suites, equal to those of the CPU.

    bash scripts/gpu_check.sh

0.5B in nf4 at 512 tokens is trained in 4 GB, by the allocator's own limit; 7B in nf4 at rank 64 and
2 x 4,096 tokens. Each takes two steps of SFT and two of DPO, on random weights in the real shapes.
It takes at most nine minutes: what is not done by then is a failure. The result,
``benchmarks/results/gpu.json``, is written after each part. Without a GPU it ends with one line;
``--device cpu`` tries the path itself, with tiny shapes.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.random_model import write_random_model
from benchmarks.training_rows import WORD, write_rows
from benchmarks.whole_run import ROOT
from harness.files.atomic import write_whole
from harness.machine.environment import environment
from harness.machine.hardware import machine
from harness.records.runs import read_run
from trainers.model.estimate import estimate
from trainers.model.shape import read_shape
from trainers.recipes.load import load

RESULT = ROOT / "benchmarks/results/gpu.json"
SECONDS = 540
STEPS = 2
MODELS = ROOT / "fixtures/models"
NO_GPU = "gpu_check: there is no CUDA GPU here, so nothing was measured"


@dataclass(frozen=True, slots=True)
class Setting:
    """A base and how it is trained."""

    shape: str
    length: int
    rank: int
    rows: int
    """In a batch of SFT; of DPO it is one pair."""
    memory_gb: float
    """Of the GPU that the training may take; 0 is all of it."""
    limit_mb: float
    """The peak is under it."""
    layers: int | None = None
    """Fewer than the shape has."""


GPU = (
    Setting("0.5b", 512, 8, 1, memory_gb=4, limit_mb=3_600),
    Setting("7b", 4_096, 64, 2, memory_gb=0, limit_mb=22_000),
)
CPU = (Setting("5m", 64, 4, 1, memory_gb=4, limit_mb=3_600, layers=2),)
"""Tiny, to try the path."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--output", type=Path, default=RESULT)
    parser.add_argument("--cases", type=int, default=100, help="of json_extraction, for each model")
    chosen = parser.parse_args(arguments)
    if chosen.device == "cuda" and not machine()["gpus"]:
        raise SystemExit(NO_GPU)
    deadline = time.monotonic() + SECONDS
    parts = []
    for part in _parts(chosen, deadline):
        parts.append(part)
        print(json.dumps(part), flush=True)
        _write(chosen.output, chosen.device, parts)
    is_right = all(part["is_right"] for part in parts)
    print(f"gpu_check: {'all as it should be' if is_right else 'NOT as it should be'}")
    raise SystemExit(0 if is_right else 1)


def _parts(chosen: argparse.Namespace, deadline: float) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        yield _or_failure({"part": "suite"}, lambda: _suite(chosen, folder, deadline))
        for setting in GPU if chosen.device == "cuda" else CPU:
            model = folder / setting.shape
            write_random_model(model, shape=setting.shape, layers=setting.layers, has_values=False)
            for method in ("sft", "dpo"):
                named = {"part": method, "shape": setting.shape, "tokens": setting.length}
                measure = partial(_training, setting, method, model, chosen.device, deadline)
                yield _or_failure(named, measure)


def _or_failure(named: dict[str, Any], measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What was measured, or why it was not."""
    try:
        return {**named, **measure()}
    except (subprocess.SubprocessError, OSError) as error:
        said = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip()
        what = said.splitlines()[-1] if said else f"{type(error).__name__}: {error}"
        return {**named, "is_right": False, "error": what[:300]}


def _training(
    setting: Setting, method: str, model: Path, wanted: str, deadline: float
) -> dict[str, Any]:
    """Two steps, and their peak beside the estimate."""
    folder = model.parent / f"{setting.shape}-{method}"
    folder.mkdir()
    recipe = _recipe(setting, method, model, folder)
    command = [sys.executable, "-m", "benchmarks.gpu_training", str(recipe), str(setting.memory_gb)]
    began = time.monotonic()
    done = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, timeout=_left(deadline)
    )
    record = json.loads((folder / "out/training.json").read_text("utf-8"))
    device = record["base"]["device"]
    file = load(str(recipe))
    expected = estimate(file.recipe, read_shape(str(model), "base"), device)
    peak, losses = record["result"]["peak_memory_mb"], [p["loss"] for p in record["curve"]]
    return {
        "rank": setting.rank,
        "batch": file.recipe.per_device_train_batch_size,
        "device": device,
        "peak_mb": peak,
        **json.loads(done.stdout.splitlines()[-1]),
        "estimated_mb": round(expected.peak_mb),
        "limit_mb": setting.limit_mb,
        "losses": losses,
        "step_seconds": [p["seconds"] for p in record["curve"]],
        "seconds": round(time.monotonic() - began, 1),
        "is_right": device == wanted
        and peak < setting.limit_mb
        and all(map(math.isfinite, losses)),
    }


def _recipe(setting: Setting, method: str, model: Path, folder: Path) -> Path:
    rows, is_sft = folder / "rows.jsonl", method == "sft"
    write_rows(rows, model, setting.length)
    if not is_sft:
        row = json.loads(rows.read_text("utf-8").splitlines()[0])
        pair = {"prompt": row["prompt"], "chosen": row["completion"]}
        pair["rejected"] = row["completion"].removesuffix(WORD)
        rows.write_text((json.dumps(pair) + "\n") * 16, "utf-8")
    values = {
        "method": method,
        "base": str(model),
        "output": str(folder / "out"),
        "data": {"train": str(rows)},
        "lora": {"r": setting.rank, "lora_alpha": 2 * setting.rank},
        "quantize": "nf4",
        "dtype": "bfloat16",
        "max_length": setting.length,
        "per_device_train_batch_size": setting.rows if is_sft else 1,
        "activation_checkpointing": True,
        "max_steps": STEPS,
        "logging_steps": 1,
    }
    path = folder / "recipe.yaml"
    path.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items()))
    return path


def _suite(chosen: argparse.Namespace, folder: Path, deadline: float) -> dict[str, Any]:
    """The bundled base and adapter on both devices: every verdict and every answer."""
    runs = {device: _run(device, chosen, folder, deadline) for device in ("cpu", chosen.device)}
    verdicts = {
        device: {
            (s.model, s.case_id): {name: v.outcome.value for name, v in s.verdicts.items()}
            for s in run.samples
        }
        for device, run in runs.items()
    }
    texts = {d: [s.completion.text for s in run.samples] for d, run in runs.items()}
    cpu, other = verdicts["cpu"], verdicts[chosen.device]
    differing = [f"{m} {case}" for m, case in cpu if other.get((m, case)) != cpu[(m, case)]]
    same_texts = sum(a == b for a, b in zip(texts["cpu"], texts[chosen.device], strict=True))
    devices = sorted({str(model.device) for model in runs[chosen.device].models})
    is_on = all(device.startswith(chosen.device) for device in devices)
    return {
        "cases": len(cpu),
        "devices": devices,
        "differing_verdicts": differing,
        "equal_answers": same_texts,
        "is_right": bool(cpu) and not differing and is_on and cpu.keys() == other.keys(),
    }


def _run(device: str, chosen: argparse.Namespace, folder: Path, deadline: float) -> Any:
    models = [f"base:{MODELS}/tiny-qwen2", f"adapter:{MODELS}/tiny-qwen2-adapter"]
    options = [part for model in models for part in ("--model", model)]
    command = [
        sys.executable, "-m", "pytest", "suites/", "-q", *options, "--task", "json_extraction",
        "--limit", str(chosen.cases), "--dtype", "float32", "--device", device,
        "--report-dir", str(folder), "--run-id", device,
    ]  # fmt: skip
    # Its exit code is 1: the base is meant to fail.
    subprocess.run(command, cwd=ROOT, capture_output=True, timeout=_left(deadline))
    return read_run(folder / device)


def _left(deadline: float) -> float:
    return max(1.0, deadline - time.monotonic())


def _write(path: Path, device: str, parts: Sequence[Mapping[str, Any]]) -> None:
    result = {
        "command": ["bash", "scripts/gpu_check.sh"],
        "device": device,
        "parts": parts,
        "machine": machine(),
        "environment": environment(ROOT),
    }
    write_whole(path, [json.dumps(result, indent=2) + "\n"])


if __name__ == "__main__":
    main()
