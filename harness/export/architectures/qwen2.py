"""Qwen2 and Qwen2.5: biases on q, k and v, rope as transformers does it."""

from harness.export.architectures._decoder import (
    PROJECTIONS,
    add_parameters,
    blocks,
    extra_tensors,
    head_dim,
    heads,
    is_buffer,
    rope,
    sliding_window_warning,
)
from harness.export.architectures._decoder import check as check_decoder
from harness.export.layout import AsStored, Layout
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

BIASES = tuple(f"self_attn.{part}_proj.bias" for part in "qkv")
CLASSES = ("Qwen2ForCausalLM",)
PREFIX = "model."
EMBEDDING = "model.embed_tokens.weight"
NORM = "model.norm.weight"
BLOCK = "model.layers.{}."
IN_EVERY_BLOCK = (*PROJECTIONS, *BIASES)
HEAD = "lm_head.weight"
GGUF_NAME = "qwen2"


def check(config: ModelConfig) -> tuple[str, ...]:
    if head_dim(config) * heads(config) != config.whole("hidden_size"):
        raise config.refuse("llama.cpp's qwen2 wants heads that divide hidden_size")
    if rope(config).kind == "llama3":
        raise config.refuse("llama.cpp's qwen2 knows no rope of type llama3")
    is_used = config.flag("use_sliding_window", False)
    return check_decoder(config) + sliding_window_warning(config, is_used=is_used)


def layout(config: ModelConfig, name: str) -> Layout:
    return AsStored()
