"""Bundled recipes, trained for a few steps on random weights: peak and time beside the estimate."""

import json
import math
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.random_model import write_random_model
from benchmarks.training_rows import WORD, write_rows
from benchmarks.whole_run import ROOT
from trainers.model.estimate import CONTEXT_MB, Estimate, estimate
from trainers.model.shape import read_shape
from trainers.recipes.load import load

STEPS = 3
SMALL = "strict_json_4gb"
SFT, DPO = "assistant_7b_sft", "assistant_7b_dpo"
TINY = ROOT / "fixtures/models/tiny-qwen2"


@dataclass(frozen=True, slots=True)
class Setting:
    """A recipe, its base and what is set otherwise."""

    recipe: str
    shape: str
    length: int
    sets: Mapping[str, object] = field(default_factory=dict)
    gpu_gb: float = 0.0
    """Of the GPU that it has to be content with; 0 is all of it."""
    layers: int | None = None
    """Fewer than the shape has."""
    first_scale: float | None = None
    """The first factor of the loss in float16, in place of torch's."""

    @property
    def named(self) -> dict[str, Any]:
        named = {"part": "training", "recipe": self.recipe, "shape": self.shape}
        return {**named, "tokens": self.length, "set": dict(self.sets)}

    @property
    def cap_gb(self) -> float:
        """What the allocator may take; 0 is no limit."""
        return self.gpu_gb and self.gpu_gb - CONTEXT_MB / 1000


def timed(device: str) -> Sequence[Setting]:
    """The recipes as they are, for some steps."""
    if device == "cpu":
        return (Setting(SMALL, "5m", 64, {"gradient_accumulation_steps": 2}, layers=2),)
    return (
        Setting(SFT, "7b", 4096),
        Setting(DPO, "7b", 4096, {"max_steps": 2}),
        Setting(SMALL, "0.5b", 512, gpu_gb=4),
    )


def untimed(device: str) -> Sequence[Setting]:
    """Settings of which the memory is measured: steps are made of a single batch."""
    if device == "cpu":
        dpo = {"gradient_accumulation_steps": 1, "max_prompt_length": 32}
        return (Setting(DPO, "5m", 64, dpo, layers=2),)
    found = (
        Setting(SFT, "7b", 1024, {"per_device_train_batch_size": 1}),
        Setting(SFT, "7b", 1024, {"per_device_train_batch_size": 1, "quantize": "none"}),
        Setting(SFT, "7b", 4096, {"per_device_train_batch_size": 1, "optim": "paged_adamw_8bit"}),
        Setting(
            SFT, "7b", 1024, {"per_device_train_batch_size": 1, "activation_checkpointing": False}
        ),
        Setting(SMALL, "0.5b", 512, {"per_device_train_batch_size": 8}, gpu_gb=4),
        Setting(SMALL, "1.5b", 256, gpu_gb=4),
        Setting(SMALL, "1.5b", 512, {"dtype": "bfloat16"}),
        Setting(SMALL, "0.5b", 1024, {"activation_checkpointing": False}),
        Setting(SMALL, "0.5b", 2048, {"per_device_train_batch_size": 4}),
        Setting(SMALL, "0.5b", 512, {"quantize": "none", "dtype": "bfloat16"}),
        Setting(SMALL, "0.5b", 512, {"quantize": "int8", "dtype": "bfloat16"}),
        Setting(SMALL, "0.5b", 512, {"quantize": "none", "dtype": "float32"}),
        Setting(SMALL, "0.5b", 512, {"optim": "paged_adamw_8bit", "lora.r": 64}),
        Setting(SMALL, "0.5b", 512, {"max_steps": 10}, first_scale=2.0**24),
        Setting(DPO, "0.5b", 1024, {"per_device_train_batch_size": 1}),
    )
    return [one_batch(setting) for setting in found]


def one_batch(setting: Setting) -> Setting:
    sets = {"gradient_accumulation_steps": 1, **setting.sets}
    how = (setting.gpu_gb, setting.layers, setting.first_scale)
    return Setting(setting.recipe, setting.shape, setting.length, sets, *how)


def measured(setting: Setting, folder: Path, wanted: str, deadline: float) -> dict[str, Any]:
    """A training's peak and times, beside its estimate."""
    own = folder / f"training-{time.monotonic_ns()}"
    own.mkdir()
    base, rows = own / "base", own / "rows.jsonl"
    write_random_model(base, shape=setting.shape, layers=setting.layers, has_values=False)
    _write_rows(rows, base, setting)
    sets = _overrides(setting, base, rows, own / "out")
    how = {"cap_gb": setting.cap_gb, "first_scale": setting.first_scale, "is_filled": True}
    child = _trained(setting.recipe, sets, how, deadline)
    record = json.loads((own / "out/training.json").read_text("utf-8"))
    recipe = load(setting.recipe, sets).recipe
    expected = estimate(recipe, read_shape(str(base), "base"), record["base"]["device"])
    return {**child, **_numbers(record), **_beside(expected, child, setting, record, wanted)}


def _numbers(record: Mapping[str, Any]) -> dict[str, Any]:
    recipe, curve, base = record["recipe"], record["curve"], record["base"]
    batch = recipe["per_device_train_batch_size"] * recipe["gradient_accumulation_steps"]
    rows = batch * (2 if record["method"] == "dpo" else 1)
    times = [point["seconds"] for point in curve]
    each = (times[-1] - times[0]) / (len(times) - 1)
    return {
        "dtype": base["dtype"],
        "rank": recipe["lora"]["r"],
        "batch": recipe["per_device_train_batch_size"],
        "rows_a_step": rows,
        "losses": [point["loss"] for point in curve],
        "skipped_steps": sum(point.get("grad_norm") is None for point in curve),
        "first_step_seconds": round(times[0], 2),
        "step_seconds": round(each, 3),
        "tokens_a_second": round(rows * record["data"]["train"]["longest_tokens"] / each),
    }


def _beside(
    expected: Estimate,
    child: Mapping[str, Any],
    setting: Setting,
    record: Mapping[str, Any],
    wanted: str,
) -> dict[str, Any]:
    parts = {part.name: round(part.mb) for part in expected.parts}
    peak, losses = record["result"]["peak_memory_mb"], [p["loss"] for p in record["curve"]]
    limit_mb = 1000 * setting.gpu_gb or math.inf
    is_within = (child["reserved_mb"] or peak) + CONTEXT_MB <= limit_mb
    skipped = sum(point.get("grad_norm") is None for point in record["curve"])
    is_skipped = setting.first_scale is None or 0 < skipped < len(losses)
    is_on = record["base"]["device"] == wanted
    is_right = is_on and is_within and is_skipped and all(map(math.isfinite, losses))
    return {
        "estimated": {**parts, "peak": round(expected.peak_mb)},
        "peak_mb": peak,
        "gpu_gb": setting.gpu_gb or None,
        "is_right": is_right,
    }


def again(folder: Path, device: str, deadline: float) -> dict[str, Any]:
    """A small training, twice: has the adapter the same bits?"""
    hashes = []
    for name in ("one", "other"):
        own = folder / f"again-{name}"
        own.mkdir()
        setting = Setting(
            SMALL, "tiny", 64,
            {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 1, "max_steps": 20},
        )  # fmt: skip
        _write_rows(own / "rows.jsonl", TINY, setting)
        sets = _overrides(setting, TINY, own / "rows.jsonl", own / "out")
        _trained(SMALL, sets, {"cap_gb": 0.0, "first_scale": None, "is_filled": False}, deadline)
        record = json.loads((own / "out/training.json").read_text("utf-8"))
        hashes.append(record["result"]["adapter_sha256"])
    return {"has_same_bits": hashes[0] == hashes[1], "is_right": True}


def _trained(
    recipe: str, sets: Sequence[str], how: Mapping[str, Any], deadline: float
) -> dict[str, Any]:
    module = "benchmarks.gpu_check.training_process"
    done = subprocess.run(
        [sys.executable, "-m", module, json.dumps(how), recipe, *sets],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=max(1.0, deadline - time.monotonic()),
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _write_rows(path: Path, base: Path, setting: Setting) -> None:
    """Rows of the given length; of preferences, in which the rejected answer is a word shorter."""
    write_rows(path, base, setting.length)
    if setting.recipe == DPO:
        row = json.loads(path.read_text("utf-8").splitlines()[0])
        pair = {"prompt": row["prompt"], "chosen": row["completion"]}
        pair["rejected"] = row["completion"].removesuffix(WORD)
        path.write_text((json.dumps(pair) + "\n") * 16, "utf-8")


def _overrides(setting: Setting, base: Path, rows: Path, output: Path) -> list[str]:
    values = {
        "max_steps": STEPS,
        **setting.sets,
        "base": str(base),
        "output": str(output),
        "data.train": str(rows),
        "data.val": [],
        "max_length": setting.length,
        "save_steps": None,
        "logging_steps": 1,
    }
    return [f"{key}={_written(value)}" for key, value in values.items()]


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
