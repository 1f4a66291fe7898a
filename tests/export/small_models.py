"""Models of two layers with random weights, and small tokenizers trained in memory."""

import json
from functools import cache
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from harness.model_files.pre_tokenizer import KNOWN
from tests.models import TASKS

VOCABULARY = 400
SPREAD = 0.3
"""Standard deviation of the weights: wide enough that every part shows in the logits."""
DECODER = {
    "vocab_size": VOCABULARY,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "initializer_range": SPREAD,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


def llama(**changes):
    return _random(LlamaForCausalLM, LlamaConfig(**{**DECODER, **changes}))


def mistral(**changes):
    return _random(MistralForCausalLM, MistralConfig(**{**DECODER, **changes}))


def qwen2(**changes):
    return _random(Qwen2ForCausalLM, Qwen2Config(**{**DECODER, **changes}))


def qwen3(**changes):
    return _random(Qwen3ForCausalLM, Qwen3Config(**{**DECODER, "head_dim": 32, **changes}))


def gpt2(**changes):
    sizes = {"n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 128}
    names = {"vocab_size": VOCABULARY, "bos_token_id": 1, "eos_token_id": 2}
    config = GPT2Config(**{**sizes, **names, "initializer_range": SPREAD, **changes})
    return _random(GPT2LMHeadModel, config)


def _random(kind, config):
    """Every weight random: fresh norms are ones and fresh biases zeros, which would hide faults."""
    torch.manual_seed(0)
    model = kind(config).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim == 1:
                weight.copy_(torch.randn_like(weight) * SPREAD + float("norm" in name))
    return model


@cache
def corpus() -> tuple[str, ...]:
    lines = (TASKS / "json_extraction/cases.jsonl").read_text("utf-8").splitlines()
    return tuple(json.loads(line)["variables"]["text"] for line in lines[:100])


def byte_level(name: str = "qwen2", size: int = 390, **tokenizer) -> PreTrainedTokenizerFast:
    """A byte-level BPE that splits as llama.cpp's pre-tokenizer of this name does."""
    known = next(split for split in KNOWN if split.name == name)
    fresh = Tokenizer(models.BPE(ignore_merges=known.ignores_merges))
    splits = [pre_tokenizers.Split(Regex(regex), "isolated") for regex in known.regexes]
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    fresh.pre_tokenizer = pre_tokenizers.Sequence([*splits, level])
    fresh.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<unk>", "<s>", "</s>"]
    fresh.train_from_iterator(
        corpus(),
        trainers.BpeTrainer(
            vocab_size=size, special_tokens=special, initial_alphabet=alphabet, show_progress=False
        ),
    )
    return _finished(fresh, **tokenizer)


def sentencepiece(size: int = 390, **tokenizer) -> PreTrainedTokenizerFast:
    """A tokenizer as Llama 2's is: blanks as ``▁``, bytes for the rest, merges ranked by token."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trained.train_from_iterator(
        corpus(), trainers.BpeTrainer(vocab_size=size - 259, show_progress=False)
    )
    learnt = json.loads(trained.to_str())["model"]["vocab"]
    words = sorted(learnt, key=lambda token: learnt[token])
    vocabulary = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *words]
    ids = {token: index for index, token in enumerate(dict.fromkeys(vocabulary))}
    merges = [
        (token[:cut], token[cut:])
        for token in words
        for cut in range(1, len(token))
        if token[:cut] in ids and token[cut:] in ids
    ]
    made = Tokenizer(models.BPE(ids, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    made.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    made.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return _finished(made, **tokenizer)


def _finished(made: Tokenizer, **tokenizer) -> PreTrainedTokenizerFast:
    made.add_special_tokens(["<unk>", "<s>", "</s>"])
    names = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
    return PreTrainedTokenizerFast(tokenizer_object=made, **{**names, **tokenizer})


def save(model, tokenizer, folder: Path) -> Path:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
