"""A training that is killed and resumed ends with the adapter of an undisturbed one."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import HarnessError
from tests.models import ROOT, TINY_QWEN2
from trainers.output.checkpoints import MANIFEST, checkpoint_folders
from trainers.run.train import train

SETTINGS: dict[str, Any] = {"max_steps": 6, "save_steps": 2, "learning_rate": 0.01,
                            "lora": {"r": 4, "lora_alpha": 8, "lora_dropout": 0.1},
                            "gradient_accumulation_steps": 2}  # fmt: skip
GRPO: dict[str, Any] = {
    "method": "grpo", "base": str(TINY_QWEN2), "task": str(ROOT / "fixtures/tasks/json_extraction"),
    "rewards": ["json_validity"], "num_generations": 4, "max_completion_length": 48,
}  # fmt: skip
KILLED = """\
import os, signal, sys
from transformers import TrainerCallback, Trainer
class Kill(TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
init = Trainer.__init__
def with_kill(self, *args, **kwargs):
    init(self, *args, **kwargs)
    self.add_callback(Kill())
Trainer.__init__ = with_kill
from trainers.run.train import train
train(sys.argv[1])
"""
"""Trains a recipe and kills itself after a step, before its checkpoint is written."""


def killed(recipe: Path, step: int) -> Path:
    """The partial folder that a killed training left."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(recipe), str(step)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    return recipe.parent / "out.partial"


def record(recipe: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((recipe.parent / "out" / "training.json").read_text())
    return found


def undisturbed(recipe: Path) -> dict[str, Any]:
    """The record of the recipe's training, and no trace of it."""
    train(str(recipe))
    found = record(recipe)
    shutil.rmtree(recipe.parent / "out")
    return found


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="sft"),
        *(
            pytest.param(changes, id=name, marks=pytest.mark.slow)
            for name, changes in {
                "sft-bf16": {"dtype": "bfloat16", "activation_checkpointing": True},
                "sft-nf4": {"quantize": "nf4", "dtype": "bfloat16"},
                "sft-int8": {"quantize": "int8", "dtype": "bfloat16"},
                "dpo": {"method": "dpo"},
                "dpo-nf4": {"method": "dpo", "quantize": "nf4", "dtype": "bfloat16"},
                "grpo": GRPO,
            }.items()
        ),
    ],
)
def test_resumed_is_undisturbed_bit_for_bit(write_recipe, pairs_file, changes) -> None:
    if "quantize" in changes:
        pytest.importorskip("bitsandbytes")
    data = {"data": {"train": str(pairs_file)}} if changes.get("method") == "dpo" else {}
    recipe = write_recipe(**{**SETTINGS, **changes, **data})
    whole = undisturbed(recipe)
    partial = killed(recipe, 5)
    assert [p.name for p in checkpoint_folders(partial)] == ["checkpoint-4", "checkpoint-2"]
    train(str(recipe), resume=True)
    resumed = record(recipe)
    assert resumed["result"]["adapter_sha256"] == whole["result"]["adapter_sha256"]
    assert resumed["resumed"] == [4]
    for name in ("step", "loss", "grad_norm"):
        assert [p[name] for p in resumed["curve"]] == [p[name] for p in whole["curve"]]


@pytest.fixture
def interrupted(write_recipe) -> tuple[Path, str]:
    """A recipe whose training left checkpoints and no adapter, and the hash of that adapter."""
    recipe = write_recipe(**SETTINGS)
    train(str(recipe))
    expected = record(recipe)["result"]["adapter_sha256"]
    _without_adapter(recipe)
    return recipe, expected


def _without_adapter(recipe: Path) -> Path:
    """The finished output as a training leaves it that ends before its adapter is written."""
    partial = (recipe.parent / "out").rename(recipe.parent / "out.partial")
    for path in partial.iterdir():
        if path.is_file():
            path.unlink()
    return partial


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "optimizer.pt").unlink(),
        lambda folder: (folder / "rng_state.pth").write_bytes(b""),
        lambda folder: (folder / MANIFEST).unlink(),
        lambda folder: (folder / MANIFEST).write_text("{"),
        lambda folder: flip(folder / "adapter_model.safetensors"),
        lambda folder: flip(folder / "scheduler.pt"),
        lambda folder: shutil.rmtree(folder) or folder.mkdir(),
    ],
    ids=["missing", "empty", "no manifest", "cut manifest", "flipped weight", "flipped", "bare"],
)
def test_a_damaged_checkpoint_is_passed_over_aloud(interrupted, damage, capsys) -> None:
    recipe, expected = interrupted
    damage(recipe.parent / "out.partial" / "checkpoint-6")
    train(str(recipe), resume=True)
    said = capsys.readouterr().out
    assert "checkpoint-6 is passed over: " in said
    assert "checkpoint-4" in said
    assert record(recipe)["result"]["adapter_sha256"] == expected
    assert record(recipe)["resumed"] == [4]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_another_recipe_or_other_data_are_refused_by_name(interrupted, rows_file, tmp_path) -> None:
    recipe, _ = interrupted
    other = tmp_path / "other.jsonl"
    other.write_text("".join(rows_file.read_text().splitlines(keepends=True)[:12]))
    with pytest.raises(HarnessError) as refused:
        train(
            str(recipe),
            ["learning_rate=0.02", "lora.r=8", "seed=1", f"data.train={other}"],
            resume=True,
        )
    for said in (
        "learning_rate was 0.01 and is 0.02",
        "lora.r was 4 and is 8",
        "seed was 0 and is 1",
        "the training data changed",
    ):
        assert any(said in mistake for mistake in refused.value.mistakes)
    assert not any("run the command again" in mistake for mistake in refused.value.mistakes)
    assert checkpoint_folders(recipe.parent / "out.partial")


def test_another_reward_is_another_training(write_recipe, tmp_path) -> None:
    """The task's declarations decide which answers earn a reward."""
    task = Path(shutil.copytree(GRPO["task"], tmp_path / "json_extraction"))
    recipe = write_recipe(
        **{**SETTINGS, **GRPO, "task": str(task), "max_steps": 2, "save_steps": 1}
    )
    train(str(recipe))
    _without_adapter(recipe)
    schema = task / "schema.json"
    schema.write_text(schema.read_text() + "\n")
    with pytest.raises(HarnessError, match="the declarations of the task changed"):
        train(str(recipe), resume=True)


def test_answers_are_kept_once_and_compared_with_those_before(write_recipe, rows_file) -> None:
    recipe = write_recipe(
        **{**SETTINGS, "save_steps": 4}, base=str(TINY_QWEN2), task=GRPO["task"], eval_steps=2,
        data={"train": str(rows_file), "val": str(rows_file)}, watch_rows=3,
    )  # fmt: skip
    train(str(recipe))
    answers = recipe.parent / "out" / "answers.jsonl"
    whole = answers.read_text()
    assert [json.loads(line)["step"] for line in whole.splitlines()] == [2] * 3 + [4] * 3 + [6] * 3
    partial = _without_adapter(recipe)
    (partial / "answers.jsonl").write_text(f"{whole}{{cut")
    train(str(recipe), resume=True)
    assert answers.read_text() == whole


def test_what_decides_nothing_may_differ(interrupted) -> None:
    recipe, expected = interrupted
    train(str(recipe), ["logging_steps=3", "save_steps=1"], resume=True)
    assert record(recipe)["result"]["adapter_sha256"] == expected


def test_checkpoints_are_not_trampled(interrupted) -> None:
    recipe, _ = interrupted
    with pytest.raises(HarnessError, match="go on with --resume or begin anew with --overwrite"):
        train(str(recipe))
    assert checkpoint_folders(recipe.parent / "out.partial")
    train(str(recipe), overwrite=True)
    assert record(recipe)["resumed"] == []


def test_checkpoints_are_adapters_beside_the_finished_one(write_recipe, capsys) -> None:
    recipe = write_recipe(**SETTINGS, save_total_limit=2)
    train(str(recipe))
    folder = recipe.parent / "out"
    assert [p.name for p in checkpoint_folders(folder)] == ["checkpoint-6", "checkpoint-4"]
    config = json.loads((folder / "checkpoint-4" / "adapter_config.json").read_text())
    assert config == json.loads((folder / "adapter_config.json").read_text())
    weights = [
        (folder / x / "adapter_model.safetensors").read_bytes() for x in ("", "checkpoint-6")
    ]
    assert weights[0] == weights[1]
    train(str(recipe), resume=True)
    assert "nothing is left to train" in capsys.readouterr().out


def test_a_training_that_ended_but_was_not_saved_takes_no_further_step(interrupted) -> None:
    recipe, expected = interrupted
    train(str(recipe), resume=True)
    found = record(recipe)
    assert found["result"]["adapter_sha256"] == expected
    assert found["result"]["steps"] == 6


def test_an_error_leaves_the_checkpoint_and_says_how_to_go_on(write_recipe, monkeypatch) -> None:
    from trainers.run import loop

    def out_of_memory(self: Any, *args: Any, **kwargs: Any) -> None:
        if self.state.global_step == 4:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return original(self, *args, **kwargs)

    from transformers import Trainer

    original = Trainer.training_step
    monkeypatch.setattr(Trainer, "training_step", out_of_memory)
    recipe = write_recipe(**SETTINGS)
    with pytest.raises(HarnessError) as failed:
        train(str(recipe))
    assert loop.OUT_OF_MEMORY.format(step=5) in failed.value.mistakes
    assert "checkpoint-4 is whole: run the command again with --resume" in failed.value.mistakes[1]
    assert not (recipe.parent / "out").exists()


@pytest.mark.slow
def test_twenty_trainings_killed_at_random_moments_are_equal(write_recipe) -> None:
    """Each is killed up to three times between its first step and its last, and goes on."""
    recipe = write_recipe(**{**SETTINGS, "max_steps": 24, "save_steps": 1, "save_total_limit": 3})
    expected = undisturbed(recipe)["result"]["adapter_sha256"]
    rng, interruptions = random.Random(20), 0
    for _ in range(20):
        for _ in range(3):
            interruptions += killed_after(recipe, rng.uniform(0.0, 2.0))
        train(str(recipe), resume=True)
        assert record(recipe)["result"]["adapter_sha256"] == expected
        shutil.rmtree(recipe.parent / "out")
    assert interruptions > 20


def killed_after(recipe: Path, seconds: float) -> bool:
    """Train on, and kill so long after the first step; False where it ended before."""
    command = [sys.executable, "-m", "harness", "train", str(recipe), "--resume"]
    training = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    with training:
        assert training.stdout is not None
        next((line for line in training.stdout if line.startswith("step ")), "")
        try:
            training.wait(seconds)
        except subprocess.TimeoutExpired:
            training.kill()
    return training.returncode == -signal.SIGKILL
