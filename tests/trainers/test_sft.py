"""Real trainings of six steps on a base with random weights."""

import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.core.case import Message
from harness.core.errors import HarnessError
from trainers.run.train import train

WriteRecipe = Callable[..., Path]


def trained(recipe: Path, **options: Any) -> dict[str, Any]:
    """Train, and read the record beside the adapter."""
    train(str(recipe), **options)
    output = json.loads(recipe.read_text().split("output: ")[1].splitlines()[0])
    record = json.loads((Path(output) / "training.json").read_text())
    assert isinstance(record, dict)
    return record


def test_losses_follow_the_committed_trajectory(write_recipe: WriteRecipe) -> None:
    """Six steps, seed 0, float32, one thread.

    The first loss is that of the untrained base, since LoRA's second matrix starts at zero. Its
    random weights know nothing, so it is about ln(300) = 5.704, the entropy of an even guess over
    the 300 tokens. The other five numbers were measured once and pin the whole path: order of the
    rows, mask, optimiser, schedule. The tolerance covers CPUs that add in another order.
    """
    record = trained(write_recipe())
    losses = [point["loss"] for point in record["curve"]]
    assert losses[0] == pytest.approx(math.log(300), abs=0.1)
    expected = [5.7255, 5.7159, 5.6466, 5.6214, 5.5966, 5.5701]
    assert losses == pytest.approx(expected, abs=2e-3)
    assert [p["step"] for p in record["curve"]] == [1, 2, 3, 4, 5, 6]


@pytest.mark.slow
def test_same_seed_gives_the_same_adapter_bit_for_bit(write_recipe: WriteRecipe) -> None:
    """Once in this process, once in another one through the command line; dropout included."""
    recipe = write_recipe(lora={"r": 4, "lora_alpha": 8, "lora_dropout": 0.1})
    here = recipe.parent / "out"
    train(str(recipe))
    there = recipe.parent / "again"
    subprocess.run(
        [sys.executable, "-m", "harness", "train", str(recipe), "--set", f"output={there}"],
        check=True,
        capture_output=True,
    )
    for name in ("adapter_model.safetensors", "adapter_config.json", "tokenizer.json"):
        assert (here / name).read_bytes() == (there / name).read_bytes(), name


def test_another_seed_gives_another_adapter(write_recipe: WriteRecipe) -> None:
    first = trained(write_recipe())["result"]["adapter_sha256"]
    second = trained(write_recipe(seed=1), overwrite=True)["result"]["adapter_sha256"]
    assert first != second


def test_watching_the_validation_loss_changes_nothing(
    write_recipe: WriteRecipe, rows_file: Path
) -> None:
    lora = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.1}
    alone = trained(write_recipe(lora=lora))
    data = {"train": str(rows_file), "val": str(rows_file)}
    watched = trained(write_recipe(lora=lora, data=data, eval_steps=2), overwrite=True)
    assert watched["result"]["adapter_sha256"] == alone["result"]["adapter_sha256"]
    assert [p["step"] for p in watched["curve"] if "eval_loss" in p] == [2, 4, 6]


def test_first_loss_is_the_base_own_loss_on_the_completions(
    write_recipe: WriteRecipe, qwen_base: Path, rows_file: Path
) -> None:
    """All 16 rows in one batch; cross entropy by hand over the completion's tokens alone."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from harness.engine.prompt import encode, render

    record = trained(write_recipe(per_device_train_batch_size=16, max_steps=1))
    tokenizer = AutoTokenizer.from_pretrained(qwen_base)
    model = AutoModelForCausalLM.from_pretrained(qwen_base)
    total, count = 0.0, 0
    for line in rows_file.read_text().splitlines():
        row = json.loads(line)
        prompt = encode(tokenizer, render(tokenizer, [Message(**m) for m in row["prompt"]]))
        answer = [*tokenizer(row["completion"][0]["content"])["input_ids"], tokenizer.eos_token_id]
        with torch.no_grad():
            logits = model(torch.tensor([prompt + answer])).logits[0]
        guesses = logits[len(prompt) - 1 : -1].log_softmax(-1)
        total -= float(guesses[range(len(answer)), answer].sum())
        count += len(answer)
    assert record["result"]["first_loss"] == pytest.approx(total / count, abs=1e-5)


def test_two_half_batches_are_one_batch(write_recipe: WriteRecipe) -> None:
    """The loss is a mean over all trained tokens of a step, however its rows are divided."""
    whole = trained(write_recipe(per_device_train_batch_size=8))
    halves = trained(
        write_recipe(per_device_train_batch_size=4, gradient_accumulation_steps=2), overwrite=True
    )
    losses = [[p["loss"] for p in record["curve"]] for record in (whole, halves)]
    assert losses[1] == pytest.approx(losses[0], abs=1e-3)


def test_gpt2_with_one_token_for_everything_trains(
    write_recipe: WriteRecipe, gpt2_base: Path
) -> None:
    record = trained(write_recipe(base=str(gpt2_base)))
    assert record["target_modules"] == ["c_attn", "c_fc", "c_proj"]
    assert record["trainable_parameters"] == _adapter_size(write_recipe().parent / "out")
    assert record["curve"][-1]["loss"] < record["curve"][0]["loss"]
    assert record["warnings"] == []


def test_adapter_folder_holds_what_the_harness_opens(
    write_recipe: WriteRecipe, qwen_base: Path
) -> None:
    record = trained(write_recipe())
    output = write_recipe().parent / "out"
    assert sorted(p.name for p in output.iterdir()) == [
        "README.md",
        "adapter_config.json",
        "adapter_model.safetensors",
        "chat_template.jinja",
        "curves.jsonl",
        "recipe.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "training.json",
        "training_rows.npz",
    ]
    config = json.loads((output / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(qwen_base)
    assert config["target_modules"] == sorted(config["target_modules"])
    assert record["schema_version"] == 1
    assert record["trainable_parameters"] == _adapter_size(output)
    assert not (output.parent / "out.partial").exists()


def test_running_out_of_memory_says_what_to_lower(
    write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trl import SFTTrainer

    def allocate(*arguments: Any, **more: Any) -> None:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried")

    monkeypatch.setattr(SFTTrainer, "compute_loss", allocate)
    with pytest.raises(
        HarnessError, match=r"out of memory at step 1; lower per_device_train_batch_size"
    ):
        train(str(write_recipe()))


def test_a_mask_that_trl_changes_is_caught(
    write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trl import SFTTrainer

    def all_tokens(self: Any, dataset: Any, *arguments: Any) -> Any:
        return dataset.map(lambda row: {"labels": row["input_ids"]})

    monkeypatch.setattr(SFTTrainer, "_prepare_dataset", all_tokens)
    with pytest.raises(RuntimeError, match="the loss mask of training row 1 is not the completion"):
        train(str(write_recipe()))


def _adapter_size(output: Path) -> int:
    from safetensors.torch import load_file

    return sum(t.numel() for t in load_file(output / "adapter_model.safetensors").values())


def test_diverging_training_stops_and_keeps_nothing(write_recipe: WriteRecipe) -> None:
    recipe = write_recipe(learning_rate=1e30)
    with pytest.raises(
        HarnessError, match=r"(?s)at step \d: training diverged.*lower learning_rat"
    ) as stopped:
        train(str(recipe))
    assert not (recipe.parent / "out").exists()
    assert not (recipe.parent / "out.partial").exists()
    batch = recipe.parent / "out.diverged.jsonl"
    assert f"its rows are in {batch}" in str(stopped.value)
    rows = [json.loads(line)["input_ids"] for line in batch.read_text().splitlines()]
    assert len(rows) == 4
    assert all("Give name and amount as JSON." in row for row in rows)


def test_diverging_training_leaves_the_previous_adapter(write_recipe: WriteRecipe) -> None:
    before = trained(write_recipe())["result"]["adapter_sha256"]
    recipe = write_recipe(learning_rate=1e30)
    with pytest.raises(HarnessError):
        train(str(recipe), overwrite=True)
    record = json.loads((recipe.parent / "out" / "training.json").read_text())
    assert record["result"]["adapter_sha256"] == before


@pytest.mark.parametrize("quantize", ["none", "nf4", "int8"])
def test_float16_on_a_cpu_becomes_bfloat16_and_is_said(
    write_recipe: WriteRecipe, capsys: pytest.CaptureFixture[str], quantize: str
) -> None:
    if quantize != "none":
        pytest.importorskip("bitsandbytes")
    record = trained(write_recipe(dtype="float16", quantize=quantize, max_steps=2))
    assert record["base"]["dtype"] == "bfloat16"
    assert record["base"]["quantize"] == quantize
    assert "float16 crawls on a CPU, bfloat16 is used instead" in capsys.readouterr().out
