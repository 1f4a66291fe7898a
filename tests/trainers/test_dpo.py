"""DPO on a tiny base: what it learns, what it is held to, what it refuses."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.core.errors import HarnessError
from trainers.run.preferences import Preferences
from trainers.run.train import train


def trained(recipe: Path, **settings: Any) -> dict[str, Any]:
    train(str(recipe), **settings)
    record: dict[str, Any] = json.loads((recipe.parent / "out" / "training.json").read_text())
    return record


DPO: dict[str, Any] = {"method": "dpo", "max_steps": 6, "learning_rate": 1e-2, "logging_steps": 1}


def test_it_learns_to_prefer_the_chosen_answer(write_recipe, pairs_file) -> None:
    record = trained(write_recipe(**DPO, data={"train": str(pairs_file)}))
    first, last = record["curve"][0], record["curve"][-1]
    assert first["metrics"]["rewards/margins"] == 0
    assert last["metrics"]["rewards/margins"] > 0.1
    assert record["result"]["last_loss"] < record["result"]["first_loss"]
    assert record["recipe"]["loss_type"] == ["sigmoid", "sft"]


def test_a_pure_preference_begins_at_the_logarithm_of_two(write_recipe, pairs_file) -> None:
    record = trained(write_recipe(**DPO, loss_type="sigmoid", data={"train": str(pairs_file)}))
    assert record["result"]["first_loss"] == pytest.approx(math.log(2), abs=1e-6)


def test_two_trainings_are_equal_bit_for_bit(write_recipe, pairs_file) -> None:
    recipe = write_recipe(
        **DPO, data={"train": str(pairs_file), "val": str(pairs_file)}, eval_steps=2
    )
    first, again = trained(recipe), trained(recipe, overwrite=True)
    assert first["result"]["adapter_sha256"] == again["result"]["adapter_sha256"]
    assert first["result"]["eval_loss"] is not None


def test_an_adapter_goes_on_from_where_it_was(write_recipe, pairs_file, rows_file, capsys) -> None:
    """The reference is the adapter as it was: rewards are 0 before the first step."""
    sft = write_recipe(max_steps=4)
    before = trained(sft)["result"]["adapter_sha256"]
    (sft.parent / "out").rename(sft.parent / "sft")
    recipe = write_recipe(
        **DPO, data={"train": str(pairs_file)}, lora=None, adapter=str(sft.parent / "sft")
    )
    record = trained(recipe)
    assert record["curve"][0]["metrics"]["rewards/chosen"] == 0
    assert record["result"]["adapter_sha256"] != before
    assert "goes on: r 4" in capsys.readouterr().out
    assert sorted(p.name for p in (recipe.parent / "out").iterdir() if p.is_dir()) == []


def test_a_base_that_is_not_there_falls_back_aloud(
    write_recipe, pairs_file, qwen_base, capsys
) -> None:
    recipe = write_recipe(
        **{**DPO, "max_steps": 1}, data={"train": str(pairs_file)},
        base="out/never_merged", fallback_base=str(qwen_base),
    )  # fmt: skip
    record = trained(recipe)
    assert record["base"]["name"] == str(qwen_base)
    assert any("out/never_merged is not there" in note for note in record["notes"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss_type": "sigmod"}, "no such loss 'sigmod'"),
        ({"loss_weights": [1.0]}, "1 weights for 2 losses"),
        ({"adapter": "out/sft"}, "the adapter has its own rank and layers"),
    ],
)
def test_keys_that_contradict_are_refused(write_recipe, pairs_file, changes, message) -> None:
    recipe = write_recipe(**DPO, data={"train": str(pairs_file)}, **changes)
    with pytest.raises(HarnessError, match=message):
        train(str(recipe))


class Watched:
    """The log lines of a training, given to ``Preferences`` one by one."""

    def __init__(self, *, is_stopping: bool) -> None:
        self.watch = Preferences(is_stopping=is_stopping)
        self.log_history: list[dict[str, float]] = []
        self.global_step = 0

    def log(self, chosen: float, reward: float = 0.0) -> None:
        line = {"logps/chosen": chosen, "rewards/chosen": reward, "rewards/rejected": 0.0}
        self.log_history.append(line)
        self.global_step += 1
        self.watch.on_log(None, self, None, line)


def test_a_collapse_is_told_once() -> None:
    watched = Watched(is_stopping=False)
    watched.log(-2.2)
    with pytest.warns(UserWarning, match=r"fell from -2\.2 to -12\.8 by step 2"):
        watched.log(-12.8)
    watched.log(-13.8)


def test_a_collapse_stops_where_the_recipe_says_so() -> None:
    watched = Watched(is_stopping=True)
    watched.log(-2.2)
    watched.log(-6.0)
    with pytest.raises(HarnessError, match="both answers are being pushed down; lower"):
        watched.log(-12.8)


def test_long_answers_may_vary_more() -> None:
    watched = Watched(is_stopping=True)
    watched.log(-200.0)
    watched.log(-240.0)
    with pytest.raises(HarnessError):
        watched.log(-260.0)


def test_another_reference_is_a_fault() -> None:
    with pytest.raises(RuntimeError, match="reference is not the model"):
        Watched(is_stopping=False).log(-2.0, reward=0.1)


@pytest.mark.parametrize("quantize", ["nf4", "int8"])
def test_the_adapter_of_a_quantized_base_is_trained_in_float32(
    write_recipe, pairs_file, quantize
) -> None:
    """At 2e-5 steps are lost in bfloat16."""
    pytest.importorskip("bitsandbytes")
    from safetensors.torch import load_file

    recipe = write_recipe(
        **{**DPO, "learning_rate": 2e-5}, data={"train": str(pairs_file)}, quantize=quantize
    )
    assert trained(recipe)["adapter_dtype"] == "float32"
    tensors = load_file(recipe.parent / "out" / "adapter_model.safetensors")
    assert {t.dtype for t in tensors.values()} == {torch.float32}
    moved = [(t != 0).float().mean().item() for name, t in tensors.items() if "lora_B" in name]
    assert min(moved) > 0.9
