"""Several processes end with the adapter of a single one, bit for bit, and end together.

Of one optimiser step a single process accumulates four batches, two processes two each. The rows do
not divide into whole steps, so that the last step of an epoch is a short one.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.models import ROOT, TINY_QWEN2
from tests.trainers.conftest import JSON_EXTRACTION, row
from trainers.run.train import train

FAILING = """\
import os, signal, sys
from transformers import Trainer
original, is_second = Trainer.training_step, os.environ["RANK"] == "1"
def step(self, *args, **kwargs):
    if is_second and self.state.global_step == 3:
        if sys.argv[1] == "memory":
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        os.kill(os.getpid(), signal.SIGKILL)
    return original(self, *args, **kwargs)
Trainer.training_step = step
from harness.cli import main
main(["train", *sys.argv[2:]])
"""
"""``harness train``, of which the second process fails in the fourth step."""


def torchrun(count: int, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node",
         str(count), *command],
        cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def trained_by(count: int, recipe: Path, *overrides: str) -> dict[str, Any]:
    """The record of a training in so many processes."""
    sets = [part for override in overrides for part in ("--set", override)]
    done = torchrun(count, "-m", "harness", "train", str(recipe), "--overwrite", *sets)
    assert done.returncode == 0, done.stdout + done.stderr
    found = record(recipe)
    assert found["processes"] == count
    said = done.stdout.splitlines()
    assert sum(line.startswith("trained ") for line in said) == 1, "the first process alone prints"
    return found


def record(recipe: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((recipe.parent / "out" / "training.json").read_text())
    return found


def require_equal(one: dict[str, Any], several: dict[str, Any]) -> None:
    """Equal adapters, steps and judged behaviors; logged values but for their last digits, since
    the losses of a round are added before they are added to those of the rounds before."""
    assert several["result"]["adapter_sha256"] == one["result"]["adapter_sha256"]
    assert several["result"]["steps"] == one["result"]["steps"]
    assert len(one["curve"]) == len(several["curve"])
    for expected, point in zip(one["curve"], several["curve"], strict=True):
        assert point.get("behaviors") == expected.get("behaviors")
        for name in {*expected} - {"seconds", "behaviors", "metrics"}:
            assert point[name] == pytest.approx(expected[name], rel=1e-6), name
        assert point.get("metrics", {}) == pytest.approx(expected.get("metrics", {}), rel=1e-6)


@pytest.fixture
def recipe(write_recipe, tmp_path) -> Any:
    """Writes a recipe of two epochs over nineteen rows, ten batches, three steps an epoch."""

    def write(**changes: Any) -> Path:
        rows = [row(i) for i in range(19)]
        if changes.get("method") == "dpo":
            rows = [
                {"prompt": r["prompt"], "chosen": r["completion"], "rejected": f"Sure! {i}"}
                for i, r in enumerate(rows)
            ]
        data = tmp_path / "rows.jsonl"
        data.write_text("".join(json.dumps(r) + "\n" for r in rows))
        path: Path = write_recipe(
            **{
                "data": {"train": str(data), "val": str(data)}, "max_steps": None,
                "num_train_epochs": 2, "per_device_train_batch_size": 2,
                "gradient_accumulation_steps": 4, "eval_steps": 2, "save_steps": 2, **changes,
            }
        )  # fmt: skip
        return path

    return write


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="sft"),
        pytest.param({"lora": {"r": 4, "lora_alpha": 8, "lora_dropout": 0.1}}, id="dropout"),
        pytest.param({"dtype": "bfloat16", "activation_checkpointing": True}, id="bfloat16"),
        pytest.param({"quantize": "nf4", "dtype": "bfloat16"}, id="nf4"),
        pytest.param({"method": "dpo"}, id="dpo"),
    ],
)
def test_two_processes_are_one_bit_for_bit(recipe, changes) -> None:
    if "quantize" in changes:
        pytest.importorskip("bitsandbytes")
    path = recipe(**changes)
    train(str(path))
    require_equal(record(path), trained_by(2, path, "gradient_accumulation_steps=2"))


@pytest.mark.slow
@pytest.mark.parametrize("method", ["sft", "grpo", "rft"])
def test_answers_are_drawn_and_judged_by_all_processes(recipe, task_rows, method) -> None:
    changes = {
        "method": method, "base": str(TINY_QWEN2), "task": str(JSON_EXTRACTION),
        "learning_rate": 2e-3, "max_steps": 3, "num_train_epochs": None,
        "data": {"train": str(task_rows)}, "eval_steps": None,
    }  # fmt: skip
    drawing = {"rewards": ["json_validity"], "num_generations": 2, "max_completion_length": 48}
    watching = {
        "data": {"train": str(task_rows), "val": str(task_rows)}, "watch_rows": 5, "eval_steps": 2
    }  # fmt: skip
    path = recipe(**{**changes, **(watching if method == "sft" else drawing)})
    train(str(path))
    require_equal(record(path), trained_by(2, path, "gradient_accumulation_steps=2"))


@pytest.mark.slow
def test_more_processes_than_batches_of_the_last_step(recipe) -> None:
    """Ten batches an epoch in steps of three: the last step has one, which the first computes."""
    path = recipe()
    train(str(path), ["gradient_accumulation_steps=3"])
    require_equal(record(path), trained_by(3, path, "gradient_accumulation_steps=1"))


@pytest.mark.slow
def test_a_training_goes_on_with_another_number_of_processes(recipe) -> None:
    """Where the batches of a step stay as many; else it is refused by name."""
    path = recipe(lora={"r": 4, "lora_alpha": 8, "lora_dropout": 0.1})
    train(str(path))
    whole = record(path)
    trained_by(2, path, "gradient_accumulation_steps=2")
    partial = (path.parent / "out").rename(path.parent / "out.partial")
    for file in partial.iterdir():
        if file.is_file():
            file.unlink()
    resume = ("-m", "harness", "train", str(path), "--resume")
    refused = torchrun(2, *resume)
    assert "gradient_accumulation_steps was 2 with 2 processes and is 4 with 2" in refused.stderr
    shutil.rmtree(partial / "checkpoint-6")
    train(str(path), resume=True)
    assert record(path)["resumed"] == [4]
    assert record(path)["result"]["adapter_sha256"] == whole["result"]["adapter_sha256"]


GROUPED = """\
import sys
from torch import distributed
distributed.init_process_group("gloo")
from trainers.run.train import train
train(sys.argv[1], sys.argv[2:], overwrite=True)
"""


@pytest.mark.slow
def test_a_launcher_may_have_made_a_group_of_its_own(recipe, tmp_path) -> None:
    """Ray's TorchTrainer has, before it calls the function that trains."""
    path = recipe()
    train(str(path))
    whole = record(path)
    (tmp_path / "grouped.py").write_text(GROUPED)
    done = torchrun(2, str(tmp_path / "grouped.py"), str(path), "gradient_accumulation_steps=2")
    assert done.returncode == 0, done.stderr
    require_equal(whole, record(path))
    assert record(path)["warnings"] == []


@pytest.mark.slow
def test_a_process_without_memory_ends_all_with_one_message(recipe, tmp_path) -> None:
    (tmp_path / "failing.py").write_text(FAILING)
    done = torchrun(2, str(tmp_path / "failing.py"), "memory", str(recipe()))
    assert done.stderr.count("harness: out of memory at step 4; lower ") == 1
    assert done.stderr.count("checkpoint-2 is whole: run the command again with --resume") == 1


@pytest.mark.slow
def test_a_process_that_dies_does_not_keep_the_others_waiting(recipe, tmp_path) -> None:
    (tmp_path / "failing.py").write_text(FAILING)
    path = recipe()
    assert torchrun(2, str(tmp_path / "failing.py"), "death", str(path)).returncode != 0
    assert (path.parent / "out.partial" / "checkpoint-2").is_dir()
    done = torchrun(2, "-m", "harness", "train", str(path), "--resume")
    assert done.returncode == 0
    assert record(path)["resumed"] == [2]


@pytest.mark.slow
def test_a_loss_that_is_no_number_ends_all_alike(recipe) -> None:
    data = {"train": str(recipe().parent / "rows.jsonl")}
    path = recipe(learning_rate=1e30, eval_steps=None, data=data)
    done = torchrun(2, "-m", "harness", "train", str(path), "--set", "logging_steps=100")
    assert done.stderr.count("harness: the loss is nan at step ") == 1
    assert (path.parent / "out.diverged.jsonl").read_text().count("\n") == 2
