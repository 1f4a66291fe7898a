"""A round's recipe is the user's, with the round's method, rows and adapter, and it is valid."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trainers.improve.round_recipe import RoundTraining, write_recipe
from trainers.improve.rounds import Improvement
from trainers.recipes.load import load
from trainers.rft import Options as Rft
from trainers.sft import Options as Sft

OWN = {
    "base": "model", "output": "out", "learning_rate": 0.003, "max_steps": 7, "max_length": 64,
    "data": {"train": "train.jsonl", "val": "val.jsonl"}, "eval_steps": 5, "threads": 1,
    "task": "echo", "per_device_train_batch_size": 12,
    "select": "format_success_rate", "early_stopping_patience": 2,
}  # fmt: skip


@pytest.fixture
def training(loop: Improvement) -> RoundTraining:
    rows, output = Path("rows.jsonl"), Path("out/round-1/adapter")
    return RoundTraining("rft", None, rows, output, loop.task, ("json_validity", "exact_fields"))


def written(own: Any, training: RoundTraining) -> Any:
    path = Path("recipe.yaml")
    write_recipe(own, training, path)
    return load(str(path)).recipe


def test_rejection_sampling_is_sft_on_the_answers_that_passed(training: RoundTraining) -> None:
    recipe = written(Sft(method="sft", lora={"r": 4}, **OWN), training)
    assert (recipe.method, recipe.adapter, recipe.lora.r) == ("sft", None, 4)
    assert (recipe.learning_rate, recipe.max_length, recipe.threads) == (0.003, 64, 1)
    assert recipe.data.train == ("rows.jsonl",)
    assert not recipe.data.val
    assert (recipe.select, recipe.early_stopping_patience) == (None, None)


def test_dpo_passes_once_over_the_pairs_from_an_adapter_with_its_own_rank(
    training: RoundTraining,
) -> None:
    recipe = written(
        Sft(method="sft", lora={"r": 4}, **OWN), replace(training, method="dpo", adapter="a")
    )
    assert (recipe.method, recipe.adapter) == ("dpo", "a")
    assert (recipe.max_steps, recipe.num_train_epochs) == (None, 1)
    assert recipe.per_device_train_batch_size == 6
    assert recipe.learning_rate == 0.003


def test_grpo_draws_whole_groups_of_the_tasks_own_length(training: RoundTraining) -> None:
    """Twelve rows a batch are two groups of eight; four such batches are 64 answers."""
    recipe = written(Sft(method="sft", **OWN), replace(training, method="grpo"))
    assert recipe.rewards == ("all_required", "exact_fields")
    assert recipe.lr_scheduler_type == "constant_with_warmup"
    assert (recipe.per_device_train_batch_size, recipe.gradient_accumulation_steps) == (16, 4)
    assert recipe.max_completion_length == training.task.sampling.max_new_tokens


def test_keys_of_another_method_are_left_out(training: RoundTraining) -> None:
    own = Rft(method="rft", rewards=["all_required"], num_generations=2, **OWN)
    assert written(own, training).method == "sft"
