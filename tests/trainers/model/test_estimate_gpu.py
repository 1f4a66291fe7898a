"""Estimates for a GPU, held against the trainings that benchmarks/gpu_check measured on an H100."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmarks.random_model import BUNDLED, SHAPES, tensors, write_hole
from tests.models import ROOT
from trainers.model.estimate import CONTEXT, ERROR, Estimate, estimate
from trainers.model.shape import read_shape
from trainers.recipes.load import load

RESULT = json.loads((ROOT / "benchmarks/results/gpu_check.json").read_text("utf-8"))
TRAININGS = [part for part in RESULT["parts"] if part.get("peak_mb") and "estimated" in part]


def named(part: dict[str, Any]) -> str:
    return f"{part['recipe']} {part['shape']} {part['tokens']} {part['set']}"


@pytest.fixture
def estimated(tmp_path: Path) -> Any:
    """The estimate for a measured training, of a base that has no values."""

    def of(part: dict[str, Any]) -> Estimate:
        base = tmp_path / part["shape"]
        if not base.exists():
            base.mkdir()
            shutil.copy(BUNDLED / "config.json", base)
            config = json.loads((base / "config.json").read_text("utf-8"))
            sizes = SHAPES[part["shape"]]
            (base / "config.json").write_text(json.dumps({**config, **sizes}), "utf-8")
            write_hole(base / "model.safetensors", tensors(sizes))
        changes = {**part["set"], "base": str(base), "max_length": part["tokens"]}
        written = [f"{k}={v if isinstance(v, str) else json.dumps(v)}" for k, v in changes.items()]
        return estimate(load(part["recipe"], written).recipe, read_shape(str(base), "b"), "cuda")

    return of


def test_every_peak_that_was_measured_on_a_gpu_is_in_the_interval(estimated: Any) -> None:
    assert len(TRAININGS) >= 15
    errors = []
    for part in TRAININGS:
        found = estimated(part)
        beside = found.peak_mb - found.own_mb
        assert found.lowest_mb - beside <= part["peak_mb"] <= found.highest_mb - beside, named(part)
        errors.append(abs(found.own_mb / part["peak_mb"] - 1))
    assert ERROR["cuda"] - 0.01 < max(errors) <= ERROR["cuda"]


def test_the_context_is_what_was_seen_on_the_gpu_beside_torchs_allocator(estimated: Any) -> None:
    alone = [part for part in TRAININGS if "gpu_used_mb" in part]
    assert len(alone) == 3
    for part in alone:
        context = next(p.mb for p in estimated(part).parts if p.name == CONTEXT)
        assert part["gpu_used_mb"] - part["reserved_at_end_mb"] == pytest.approx(context, abs=5)


def test_gradients_that_are_accumulated_stay_and_others_come_as_activations_go(
    estimated: Any,
) -> None:
    part = next(p for p in TRAININGS if p["recipe"] == "assistant_7b_sft" and not p["set"])
    once = {**part, "set": {"gradient_accumulation_steps": 1}}
    adapter = 161_480_704 * 4 / 1e6
    assert estimated(part).peak_mb - estimated(once).peak_mb == pytest.approx(adapter, abs=1)


def test_the_result_names_machine_and_command() -> None:
    assert RESULT["command"] == ["bash", "scripts/gpu_check.sh"]
    assert "H100" in RESULT["machine"]["gpus"][0]
    assert RESULT["environment"]["packages"]["bitsandbytes"]
