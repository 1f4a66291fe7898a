"""Qwen3: norms on each head's q and k, and heads of a size of their own."""

from harness.export.architectures._decoder import (
    PROJECTIONS,
    add_parameters,
    blocks,
    extra_tensors,
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

NORMS = ("self_attn.q_norm.weight", "self_attn.k_norm.weight")
CLASSES = ("Qwen3ForCausalLM",)
PREFIX = "model."
EMBEDDING = "model.embed_tokens.weight"
NORM = "model.norm.weight"
BLOCK = "model.layers.{}."
IN_EVERY_BLOCK = (*PROJECTIONS, *NORMS)
HEAD = "lm_head.weight"
GGUF_NAME = "qwen3"


def check(config: ModelConfig) -> tuple[str, ...]:
    if rope(config).kind == "llama3":
        raise config.refuse("llama.cpp's qwen3 knows no rope of type llama3")
    is_used = config.flag("use_sliding_window", False)
    return check_decoder(config) + sliding_window_warning(config, is_used=is_used)


def layout(config: ModelConfig, name: str) -> Layout:
    return AsStored()
