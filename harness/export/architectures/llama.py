"""Llama, Mistral, SmolLM and whatever else is a ``LlamaForCausalLM``.

llama.cpp turns neighbouring rows of q and k, transformers those half a head apart: the rows are
reordered, biases too.
"""

from typing import Any

from harness.export.architectures._decoder import (
    PROJECTIONS,
    blocks,
    extra_tensors,
    heads,
    is_buffer,
    key_value_heads,
    sliding_window_warning,
)
from harness.export.architectures._decoder import (
    add_parameters as add_decoder_parameters,
)
from harness.export.architectures._decoder import check as check_decoder
from harness.export.layout import AsStored, Layout, RopePairs
from harness.export.model_config import ModelConfig

__all__ = [
    "BLOCK",
    "CLASSES",
    "EMBEDDING",
    "GGUF_NAME",
    "HEAD",
    "IN_EVERY_BLOCK",
    "NORM",
    "PREFIX",
    "add_parameters",
    "blocks",
    "check",
    "extra_tensors",
    "is_buffer",
    "layout",
]

CLASSES = ("LlamaForCausalLM", "MistralForCausalLM")
PREFIX = "model."
EMBEDDING = "model.embed_tokens.weight"
NORM = "model.norm.weight"
BLOCK = "model.layers.{}."
IN_EVERY_BLOCK = PROJECTIONS
HEAD = "lm_head.weight"
GGUF_NAME = "llama"


def check(config: ModelConfig) -> tuple[str, ...]:
    if config.whole("pretraining_tp", 1) > 1:
        raise config.refuse("pretraining_tp above 1 is not written")
    return check_decoder(config) + sliding_window_warning(config, is_used=True)


def add_parameters(config: ModelConfig, writer: Any) -> None:
    add_decoder_parameters(config, writer)
    writer.add_vocab_size(config.whole("vocab_size"))


def layout(config: ModelConfig, name: str) -> Layout:
    if ".self_attn.q_proj." in name:
        return RopePairs(heads(config))
    if ".self_attn.k_proj." in name:
        return RopePairs(key_value_heads(config))
    return AsStored()
