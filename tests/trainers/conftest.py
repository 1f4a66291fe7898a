"""Tiny bases with random weights, made in a temporary folder: training on them takes a second."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.tasks.task import load_task
from tests.models import ROOT

JSON_EXTRACTION = ROOT / "fixtures/tasks/json_extraction"
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] "
    "+ '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
DIALOGPT = "{% for message in messages %}{{ message['content'] + eos_token }}{% endfor %}"
TEXTS = [
    "Give name and amount as JSON.",
    '{"name": "Ada", "amount": 12.5}',
    "Text: Ada paid 12.50 on 2024-03-01.",
    "<|im_start|>user\nassistant\nsystem\n",
]


def make_tokenizer(template: str | None, eos: str = "<|im_end|>") -> Any:
    """A byte-level BPE of 300 tokens; ``<|endoftext|>`` pads, as Qwen2 has it."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        TEXTS,
        trainers.BpeTrainer(
            vocab_size=300,
            special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    pad = None if eos == "<|endoftext|>" else "<|endoftext|>"
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=eos, pad_token=pad, chat_template=template
    )


@pytest.fixture(scope="session", autouse=True)
def heavy() -> None:
    """Import the training stack once; what it warns of while being imported is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import peft
        import transformers
        import trl

        # transformers and peft import lazily.
        _ = transformers.Trainer, peft.LoraConfig, trl.SFTTrainer


@pytest.fixture(scope="session")
def qwen_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Qwen2 with a ChatML template: 2 layers of width 32, 128 positions, random weights."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    config = Qwen2Config(
        vocab_size=300,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=128,
        tie_word_embeddings=True,
        eos_token_id=2,
        pad_token_id=0,
        bos_token_id=None,
    )
    return _save(Qwen2ForCausalLM, config, make_tokenizer(CHATML), tmp_path_factory.mktemp("qwen"))


@pytest.fixture(scope="session")
def gpt2_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GPT-2 with DialoGPT's template: one token pads, begins and ends."""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=300, n_embd=32, n_layer=2, n_head=2, n_positions=96, eos_token_id=0
    )
    tokenizer = make_tokenizer(DIALOGPT, eos="<|endoftext|>")
    return _save(GPT2LMHeadModel, config, tokenizer, tmp_path_factory.mktemp("gpt2"))


@pytest.fixture(scope="session")
def rows_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen rows as the bundled generator writes them."""
    path = tmp_path_factory.mktemp("data") / "train.jsonl"
    path.write_text("".join(json.dumps(row(i)) + "\n" for i in range(16)))
    return path


@pytest.fixture(scope="session")
def pairs_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen preferences: the rows' own answers, and chatter."""
    path = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    rows = [row(i) for i in range(16)]
    lines = [
        {"prompt": r["prompt"], "chosen": r["completion"], "rejected": f"Sure! {i}"}
        for i, r in enumerate(rows)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture(scope="session")
def task_rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first sixteen cases of the bundled ``json_extraction`` as training rows."""
    path = tmp_path_factory.mktemp("task_rows") / "rows.jsonl"
    lines = [
        {
            "prompt": [{"role": m.role, "content": m.content} for m in case.messages],
            "completion": json.dumps(case.reference),
        }
        for case in load_task(JSON_EXTRACTION).cases[:16]
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def row(number: int) -> dict[str, Any]:
    name, amount = ("Ada", "Bo", "Cleo", "Dimitri")[number % 4], number + 0.5
    prompt = f"Give name and amount as JSON.\nText: {name} paid {amount}."
    answer = json.dumps({"name": name, "amount": amount})
    return {
        "id": f"row-{number}",
        "prompt": [{"role": "user", "content": prompt}],
        "completion": [{"role": "assistant", "content": answer}],
    }


@pytest.fixture
def write_recipe(tmp_path: Path, qwen_base: Path, rows_file: Path) -> Callable[..., Path]:
    """Writes a recipe of six steps over ``qwen_base``; keywords replace, add or, with
    ``None``, leave out its keys."""

    def write(**changes: Any) -> Path:
        values: dict[str, Any] = {
            "method": "sft",
            "base": str(qwen_base),
            "output": str(tmp_path / "out"),
            "data": {"train": str(rows_file)},
            "lora": {"r": 4, "lora_alpha": 8},
            "learning_rate": 0.05,
            "max_steps": 6,
            "per_device_train_batch_size": 4,
            "warmup_steps": 1,
            "dtype": "float32",
            "threads": 1,
            "logging_steps": 1,
            **changes,
        }
        values = {key: value for key, value in values.items() if value is not None}
        path = tmp_path / "recipe.yaml"
        # One key a line, as JSON, which YAML can read.
        lines = [f"{key}: {json.dumps(value)}\n" for key, value in values.items()]
        path.write_text("".join(lines))
        return path

    return write


def _save(model_class: Any, config: Any, tokenizer: Any, folder: Path) -> Path:
    import torch

    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        model_class(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folder
