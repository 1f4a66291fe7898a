"""GRPO and rejection sampling: a model learns from its own answers that pass."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import HarnessError
from tests.models import TINY_QWEN2
from tests.trainers.conftest import JSON_EXTRACTION
from trainers.run.train import train

SETTINGS: dict[str, Any] = {
    "base": str(TINY_QWEN2), "task": str(JSON_EXTRACTION), "max_steps": 2, "num_generations": 4,
    "max_completion_length": 48, "rewards": ["json_validity"], "learning_rate": 1e-3,
    "per_device_train_batch_size": 8, "save_steps": 1,
}  # fmt: skip


def trained(recipe: Path, **settings: Any) -> dict[str, Any]:
    train(str(recipe), **settings)
    found: dict[str, Any] = json.loads((recipe.parent / "out" / "training.json").read_text())
    return found


@pytest.mark.slow
def test_behaviors_are_the_rewards_and_what_is_drawn_repeats(
    write_recipe, task_rows, capsys
) -> None:
    recipe = write_recipe(method="grpo", **SETTINGS, data={"train": str(task_rows)})
    first = trained(recipe)
    assert "pass@4" in capsys.readouterr().out
    assert [p["step"] for p in first["curve"]] == [1, 2]
    for point in first["curve"]:
        assert 0 <= point["metrics"]["reward"] <= 1
        assert "completions/clipped_ratio" in point["metrics"]
    again = trained(recipe, overwrite=True)
    assert again["result"]["adapter_sha256"] == first["result"]["adapter_sha256"]


@pytest.mark.slow
def test_watching_changes_no_bit_and_evaluates_nothing_else(write_recipe, task_rows) -> None:
    """An evaluation between two logged steps leaves their metrics alone."""
    settings: dict[str, Any] = {**SETTINGS, "max_steps": 3, "save_steps": None, "logging_steps": 2}
    recipe = write_recipe(method="grpo", **settings, data={"train": str(task_rows)})
    alone = trained(recipe)
    data = {"train": str(task_rows), "val": str(task_rows)}
    data = {"train": str(task_rows), "val": str(task_rows)}
    write_recipe(method="grpo", **settings, data=data, watch_rows=4, eval_steps=1)
    watched = trained(recipe, overwrite=True)
    assert [p["step"] for p in watched["curve"] if "behaviors" in p] == [1, 2, 3]
    assert watched["result"]["eval_loss"] is None
    for side in (alone, watched):
        side["rewards"] = [p["metrics"]["reward"] for p in side["curve"] if "metrics" in p]
    assert watched["rewards"] == alone["rewards"]
    assert watched["result"]["adapter_sha256"] == alone["result"]["adapter_sha256"]


def test_equal_rewards_teach_nothing(write_recipe, task_rows) -> None:
    """The untrained base never answers a whole case rightly in so few tokens."""
    recipe = write_recipe(
        method="grpo", **{**SETTINGS, "max_completion_length": 2}, data={"train": str(task_rows)}
    )
    with pytest.raises(HarnessError, match="next to nothing to learn from"):
        train(str(recipe))
    assert not (recipe.parent / "out").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"per_device_train_batch_size": 6}, "6 is no multiple of it"),
        ({"rewards": ["no_such"]}, "no_such is no behavior that the task judges"),
        ({"task": None}, "task: is missing"),
        ({"max_steps": None}, "max_steps: is missing"),
        ({"reward_weights": [1.0, 2.0]}, "2 weights for 1 rewards"),
    ],
)
def test_what_cannot_be_is_refused(write_recipe, task_rows, changes, message) -> None:
    values = {**SETTINGS, "data": {"train": str(task_rows)}, **changes}
    recipe = write_recipe(method="grpo", **values)
    with pytest.raises(HarnessError, match=message):
        train(str(recipe))


def test_rejection_sampling_trains_on_answers_that_pass(write_recipe, task_rows, capsys) -> None:
    recipe = write_recipe(method="rft", **SETTINGS, data={"train": str(task_rows)})
    record = trained(recipe)
    assert "different ones of 64 answers" in capsys.readouterr().out
    assert record["result"]["last_loss"] > 0
    assert any("different ones of 64 answers" in note for note in record["notes"])


def test_rejection_sampling_without_a_passing_answer_is_refused(write_recipe, task_rows) -> None:
    recipe = write_recipe(
        method="rft", **{**SETTINGS, "max_completion_length": 2}, data={"train": str(task_rows)}
    )
    with pytest.raises(HarnessError, match="none of 64 answers earns json_validity"):
        train(str(recipe))
