"""Configurations of five systems in their own words: each line is a key of ours, read as one and
said, stated and true, or refused with a reason."""

from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import HarnessError
from harness.files.yaml_file import parse_yaml
from trainers.recipes.load import load
from trainers.recipes.schema import Recipe

SYSTEMS = Path(__file__).parent / "five_systems"
REFUSED = {
    "credit_letters": {},
    "strict_json": {
        "bnb_config.bnb_4bit_use_double_quant": "nf4 quantises its constants too",
        "training_args.per_device_eval_batch_size": "batches of per_device_train_batch_size",
    },
    "coder": {"train_split": "harness data prepare --split splits the rows"},
    "assistant_sft": {"neftune_noise_alpha": "no noise is added to embeddings"},
    "assistant_dpo": {
        "dpo.truncation_mode": "longer rows are left out, and longer prompts cut by max_prompt_len",
    },
    "fan_timeline": {"training.max_sequence_length": "did you mean 'max_length'?"},
}
"""The lines of each that are refused, with the beginning of the reason."""
READ: dict[str, dict[str, Any]] = {
    "credit_letters": {"lora.r": 4, "lora.lora_alpha": 8, "max_length": 256, "num_train_epochs": 1,
                       "per_device_train_batch_size": 1, "gradient_accumulation_steps": 2,
                       "activation_checkpointing": True, "dtype": "auto"},
    "strict_json": {"base": "Qwen/Qwen2.5-0.5B-Instruct", "quantize": "nf4", "dtype": "float16",
                    "lora.r": 8, "lora.lora_alpha": 16, "lora.lora_dropout": 0.05,
                    "max_length": 512, "gradient_accumulation_steps": 16, "num_train_epochs": 2,
                    "data.val": ("data/strict_json/val.jsonl",), "learning_rate": 2e-4},
    "coder": {"lora.r": 8, "lora.lora_alpha": 32, "lora.lora_dropout": 0.1, "max_length": 2048,
              "lora.target_modules": ("q_proj", "k_proj", "v_proj", "o_proj"), "save_steps": 50,
              "per_device_train_batch_size": 2, "gradient_accumulation_steps": 8,
              "weight_decay": 0.01, "num_train_epochs": 3, "dtype": "float32"},
    "assistant_sft": {"method": "sft", "quantize": "nf4", "dtype": "bfloat16", "lora.r": 64,
                      "lora.target_modules": ("all-linear",), "warmup_steps": 0.05,
                      "per_device_train_batch_size": 2, "max_length": 4096, "max_grad_norm": 1.0,
                      "activation_checkpointing": True, "optim": "adamw_torch_fused"},
    "assistant_dpo": {"method": "dpo", "base": "out/assistant_sft_merged", "quantize": "nf4",
                      "lora.r": 32, "lora.lora_dropout": 0.05, "beta": 0.1, "warmup_steps": 0.1,
                      "loss_type": ("sigmoid",), "max_prompt_length": 2048, "max_length": 4096},
    "fan_timeline": {"base": "microsoft/DialoGPT-medium", "quantize": "int8", "max_steps": 100,
                     "learning_rate": 5e-4, "lora.target_modules": ("c_attn", "c_proj", "c_fc"),
                     "gradient_accumulation_steps": 4},
}  # fmt: skip
"""The values of each as the recipe has them, without the lines that are refused."""


def lines_but(name: str, refused: dict[str, str]) -> str:
    """The configuration without its refused lines."""
    lines = (SYSTEMS / f"{name}.yaml").read_text().splitlines()
    keys = {key.rpartition(".")[2] for key in refused}
    return "\n".join(line for line in lines if line.partition(":")[0].strip() not in keys)


def value_of(recipe: Recipe, dotted: str) -> Any:
    found: Any = recipe
    for part in dotted.split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_each_line_that_is_not_followed_has_its_reason(name: str) -> None:
    path, refused = SYSTEMS / f"{name}.yaml", REFUSED[name]
    if not refused:
        load(str(path))
        return
    with pytest.raises(HarnessError) as error:
        load(str(path))
    said = sorted(error.value.mistakes)
    numbers = parse_yaml(path)[1]
    expected = {f"{path}:{numbers[tuple(k.split('.'))]}: {k}: ": why for k, why in refused.items()}
    assert len(said) == len(expected)
    for start, why in expected.items():
        assert [why in line for line in said if line.startswith(start)] == [True]


@pytest.mark.parametrize("name", sorted(READ))
def test_the_other_lines_are_followed(name: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(lines_but(name, REFUSED[name]))
    recipe = load(str(path)).recipe
    assert {key: value_of(recipe, key) for key in READ[name]} == READ[name]


def test_a_section_is_said_once_and_its_other_words_each() -> None:
    read = load(str(SYSTEMS / "credit_letters.yaml")).read
    assert ("max_seq_length", "max_length") in read
    assert ("per_device_train_batch_size", "per_device_train_batch_size") not in read


def test_keys_of_a_section_that_keep_their_names_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(lines_but("fan_timeline", REFUSED["fan_timeline"]))
    read = load(str(path)).read
    assert ("peft.*", "lora.*") in read
    assert ("training.*", "*") in read
    assert ("training.batch_size", "per_device_train_batch_size") in read
    assert len(read) == len(set(read))
