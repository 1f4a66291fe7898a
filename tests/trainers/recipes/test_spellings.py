"""Every key is a field of the installed libraries; other spellings of it are read, and said."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.core.errors import HarnessError
from trainers.recipes.load import RecipeFile, load
from trainers.recipes.schema import Lora, methods, options_of
from trainers.recipes.spellings import CONVERTED, READ_AS, STATED

OURS = {"method", "base", "fallback_base", "adapter", "output", "data", "template", "lora",
        "quantize", "quantize_fallback", "dtype", "threads", "task", "watch_rows",
        "max_prompt_length", "stop_on_collapse", "rewards", "select",
        "early_stopping_patience"}  # fmt: skip
"""Keys of a recipe that no library has."""
HEAD = {"method": "sft", "base": "b", "output": "o", "data": {"train": "t.jsonl"}}


def written(tmp_path: Path, values: dict[str, Any]) -> str:
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump({**HEAD, **values}, sort_keys=False))
    return str(path)


def read(tmp_path: Path, values: dict[str, Any], *overrides: str) -> RecipeFile:
    return load(written(tmp_path, values), overrides)


def mistakes(tmp_path: Path, values: dict[str, Any], *overrides: str) -> list[str]:
    with pytest.raises(HarnessError) as refused:
        read(tmp_path, values, *overrides)
    return [m.removeprefix(f"{tmp_path}/recipe.yaml:") for m in refused.value.mistakes]


@pytest.mark.parametrize("method", methods())
def test_every_key_is_a_field_of_the_installed_libraries(method: str) -> None:
    import trl
    from peft import LoraConfig

    # Rejection sampling draws answers as GRPO does, and trains on them as SFT.
    names = {"dpo": ("DPO", "SFT")}.get(method, ("SFT", "GRPO"))
    configs = [getattr(trl, f"{name}Config") for name in names]
    known = {field.name for config in configs for field in dataclasses.fields(config)}
    assert set(options_of(method).model_fields) - known <= OURS
    assert set(Lora.model_fields) <= {field.name for field in dataclasses.fields(LoraConfig)}


def test_every_spelling_leads_to_a_key() -> None:
    fields = set(options_of("sft").model_fields)
    targets = [*READ_AS.values(), *(to for to, _ in CONVERTED.values())]
    for section, _, key in (target.rpartition(".") for target in targets):
        own = {"": fields, "lora": set(Lora.model_fields), "data": {"train", "val", "train_on"}}[
            section
        ]
        assert key in own
    assert (set(READ_AS) | set(CONVERTED) | set(STATED)) & fields == {"adapter"}
    assert not set(READ_AS) & set(CONVERTED)
    assert not set(READ_AS) & set(STATED)


def test_other_spellings_are_read_and_said(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        {"micro_batch_size": 2, "gradient_accumulation": 4, "lora_rank": 8, "lora": {"alpha": 16},
         "max_seq_length": 512, "warmup_ratio": 0.05, "load_in_4bit": True, "bf16": True},
    )  # fmt: skip
    recipe = file.recipe
    assert (recipe.per_device_train_batch_size, recipe.gradient_accumulation_steps) == (2, 4)
    assert (recipe.lora.r, recipe.lora.lora_alpha, recipe.max_length) == (8, 16, 512)
    assert (recipe.warmup_steps, recipe.quantize, recipe.dtype) == (0.05, "nf4", "bfloat16")
    assert ("max_seq_length", "max_length") in file.read
    assert len(file.read) == 8


def test_two_spellings_of_one_key_are_a_mistake(tmp_path: Path) -> None:
    found = mistakes(tmp_path, {"batch_size": 2, "per_device_train_batch_size": 4})
    assert found == [
        "7: per_device_train_batch_size: batch_size says per_device_train_batch_size already, "
        "keep one of the two"
    ]


def test_one_value_stated_in_two_ways_is_none(tmp_path: Path) -> None:
    values = {"bf16": True, "bnb_4bit_compute_dtype": "torch.bfloat16", "load_in_4bit": True}
    assert read(tmp_path, values).recipe.dtype == "bfloat16"
    (found,) = mistakes(tmp_path, {"bf16": True, "bnb_4bit_compute_dtype": "float16"})
    assert "bf16 says dtype already" in found


def test_an_override_in_another_spelling_wins(tmp_path: Path) -> None:
    for typed, value in (("batch_size=8", 8), ("per_device_train_batch_size=9", 9)):
        file = read(tmp_path, {"micro_batch_size": 2}, typed)
        assert file.recipe.per_device_train_batch_size == value


def test_what_is_done_anyway_is_accepted_and_the_rest_refused_with_a_reason(tmp_path: Path) -> None:
    done = {"packing": False, "bias": "none", "task_type": "CAUSAL_LM", "fp16": False,
            "gradient_checkpointing_kwargs": {"use_reentrant": False}}  # fmt: skip
    assert read(tmp_path, done).recipe == read(tmp_path, {}).recipe
    assert mistakes(tmp_path, {"packing": True, "bias": "all", "neftune_noise_alpha": 5}) == [
        "6: packing: is not True here: rows are never packed, so that no answer sees another",
        "7: bias: is not 'all' here: biases are not trained: a merge or a GGUF could not hold them",
        "8: neftune_noise_alpha: is not 5 here: no noise is added to embeddings",
    ]


def test_no_number_is_taken_for_true(tmp_path: Path) -> None:
    assert "packing: is not 0 here" in mistakes(tmp_path, {"packing": 0})[0]


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("per_device_batch_sizes", "'per_device_train_batch_size'"),
        ("max_sequence_length", "'max_length'"),
        ("lora_rnk", "'lora.r'"),
        ("lerning_rate", "'learning_rate'"),
    ],
)
def test_an_unknown_key_is_answered_with_the_key_to_write(
    tmp_path: Path, typed: str, hint: str
) -> None:
    assert mistakes(tmp_path, {typed: 1}) == [f"6: {typed}: unknown key, did you mean {hint}?"]


def test_pefts_word_for_every_linear_layer(tmp_path: Path) -> None:
    for words in ("all-linear", "auto", ["all-linear"]):
        file = read(tmp_path, {"lora": {"target_modules": words}})
        assert file.recipe.lora.target_modules == ("all-linear",)
