"""Estimates of memory, held against the trainings that benchmarks/training_memory.py measured."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.models import ROOT, TINY_QWEN2
from trainers.dpo import Options as DpoRecipe
from trainers.model.estimate import ERROR, Estimate, adapter_parameters, estimate
from trainers.model.shape import BaseShape, read_shape
from trainers.recipes.schema import Recipe
from trainers.sft import Options as SftRecipe

MEASURED = json.loads((ROOT / "benchmarks/results/training_memory.json").read_text("utf-8"))
QWEN05 = BaseShape(
    width=896,
    inner=4864,
    shared=128,
    vocabulary=151_936,
    layers=24,
    positions=32_768,
    linear={
        "q_proj": (24 * 896 * 896, 24 * 1792),
        "k_proj": (24 * 896 * 128, 24 * 1024),
        "v_proj": (24 * 896 * 128, 24 * 1024),
        "o_proj": (24 * 896 * 896, 24 * 1792),
        "gate_proj": (24 * 896 * 4864, 24 * 5760),
        "up_proj": (24 * 896 * 4864, 24 * 5760),
        "down_proj": (24 * 896 * 4864, 24 * 5760),
    },
    parameters=494_032_768,
    size_bytes=988_097_824,
    dtype="BF16",
)


def recipe(kind: type[Recipe] = SftRecipe, **changes: Any) -> Recipe:
    """A recipe of the benchmark's common settings; keys may be dotted."""
    values: dict[str, Any] = {"base": "base", "output": "out", "data": {"train": ["rows"]}}
    values["method"] = "dpo" if kind is DpoRecipe else "sft"
    for key, value in {**MEASURED["common"], **changes}.items():
        section, _, name = key.rpartition(".")
        (values.setdefault(section, {}) if section else values)[name] = value
    return kind.model_validate(values)


def part(found: Estimate, name: str) -> float:
    return next(p.mb for p in found.parts if p.name == name)


@pytest.mark.parametrize("run", MEASURED["runs"], ids=lambda run: str(run["setting"]))
def test_every_measured_peak_is_in_the_interval(run: dict[str, Any]) -> None:
    found = estimate(recipe(**run["changes"]), QWEN05)
    assert found.lowest_mb <= run["measured_mb"] <= found.highest_mb


def test_the_interval_is_the_largest_error_and_no_wider() -> None:
    errors = [
        abs(run["measured_mb"] / estimate(recipe(**run["changes"]), QWEN05).peak_mb - 1)
        for run in MEASURED["runs"]
    ]
    assert len(errors) >= 6
    assert ERROR["cpu"] - 0.01 < max(errors) <= ERROR["cpu"] < 0.15


def test_the_adapter_has_the_parameters_that_training_says() -> None:
    """102,400: what `harness train` of the bundled model says at rank 8."""
    shape = read_shape(str(TINY_QWEN2), "base")
    assert adapter_parameters(recipe(**{"lora.r": 8}), shape) == 102_400
    attention = ["q_proj", "k_proj", "v_proj", "o_proj"]
    some = recipe(**{"lora.r": 8, "lora.target_modules": attention})
    assert 0 < adapter_parameters(some, shape) < 102_400


def test_a_pair_is_two_rows() -> None:
    pairs = estimate(recipe(DpoRecipe), QWEN05)
    two = estimate(recipe(per_device_train_batch_size=2), QWEN05)
    assert part(pairs, "activations") == part(two, "activations")


def test_moments_in_eight_bits_take_a_quarter() -> None:
    whole, short = (
        part(estimate(recipe(optim=optim), QWEN05), "optimizer")
        for optim in ("adamw_torch_fused", "adamw_8bit")
    )
    assert whole == 4 * short


def test_small_bases_train_in_float32_and_large_ones_in_bfloat16_where_there_is_one() -> None:
    small, auto = read_shape(str(TINY_QWEN2), "base"), recipe(dtype="auto")
    assert estimate(auto, small).dtype == "float32"
    assert estimate(auto, QWEN05).dtype == "bfloat16"
    assert estimate(auto, QWEN05, has_bfloat16=False).dtype == "float32"
    assert estimate(recipe(dtype="float16"), QWEN05).dtype == "bfloat16"


def test_a_gpu_holds_no_process_and_opens_converted_weights() -> None:
    found = estimate(recipe(quantize="nf4"), QWEN05, "cuda")
    assert part(found, "process") == 0
    assert found.opening_mb == part(found, "weights")


def test_the_length_is_the_recipes_else_what_the_base_can_read() -> None:
    assert estimate(recipe(max_length=None), QWEN05).length == 1024
    tiny = read_shape(str(TINY_QWEN2), "base")
    assert tiny.positions is not None
    assert estimate(recipe(max_length=None), tiny).length == min(1024, tiny.positions)


def test_the_result_names_machine_and_command() -> None:
    assert MEASURED["command"][:3] == ["python", "-m", "benchmarks.training_memory"]
    assert MEASURED["environment"]["packages"]["trl"]
    assert Path(ROOT / "benchmarks/training_memory.py").is_file()
