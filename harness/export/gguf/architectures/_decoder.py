"""Common part of Llama, Qwen2 and Qwen3: RMS norms, rope, grouped heads, a gated MLP."""

from collections.abc import Mapping
from typing import Any

from harness.export.gguf.keys import GgufKeys
from harness.export.gguf.layout import Layout
from harness.export.gguf.rope import Rope, rope_parameters
from harness.export.tensors.model_config import ModelConfig
from harness.export.tensors.safetensors_file import Array

PROJECTIONS = (
    *(f"self_attn.{part}_proj.weight" for part in "qkvo"),
    *(f"mlp.{part}_proj.weight" for part in ("gate", "up", "down")),
    "input_layernorm.weight",
    "post_attention_layernorm.weight",
)
"""The weights of every block, without biases."""


class Decoder:
    """An architecture of this family, without its name and its own checks."""

    PREFIX = "model."
    OUTSIDE_BLOCKS = ("model.embed_tokens.weight", "model.norm.weight")
    BLOCK = "model.layers.{}."
    HEAD = "lm_head.weight"

    def check(self, config: ModelConfig) -> tuple[str, ...]:
        activation = config.text("hidden_act", "silu")
        if activation not in ("silu", "swish"):
            raise config.refuse(
                f"activation {activation!r} is not what llama.cpp computes, silu is"
            )
        rope(config)
        return ()

    def add_parameters(self, config: ModelConfig, writer: Any) -> None:
        writer.add_context_length(config.whole("max_position_embeddings"))
        writer.add_embedding_length(config.whole("hidden_size"))
        writer.add_block_count(self.blocks(config))
        writer.add_feed_forward_length(config.whole("intermediate_size"))
        writer.add_head_count(heads(config))
        writer.add_head_count_kv(key_value_heads(config))
        writer.add_key_length(head_dim(config))
        writer.add_value_length(head_dim(config))
        writer.add_layer_norm_rms_eps(config.number("rms_norm_eps", 1e-6))
        rope(config).add_to(writer)

    def settings(self, keys: GgufKeys) -> dict[str, Any]:
        width, count = keys.whole("embedding_length"), keys.whole("attention.head_count")
        size = keys.whole("attention.key_length", width // max(1, count))
        if not count or not size or size % 2:
            raise keys.refuse("attention.head_count", f"is {count}, which makes heads of {size}")
        for name in ("attention.value_length", "rope.dimension_count"):
            if keys.whole(name, size) != size:
                raise keys.refuse(name, f"is not {size}, the size of a head")
        return {
            "max_position_embeddings": keys.whole("context_length"),
            "hidden_size": width,
            "num_hidden_layers": keys.whole("block_count"),
            "intermediate_size": keys.whole("feed_forward_length"),
            "num_attention_heads": count,
            "num_key_value_heads": keys.whole("attention.head_count_kv", count),
            "head_dim": size,
            "rms_norm_eps": keys.number("attention.layer_norm_rms_epsilon"),
            "rope_parameters": rope_parameters(keys),
            "hidden_act": "silu",
        }

    def layout(self, config: ModelConfig, name: str) -> Layout:
        return Layout()

    def blocks(self, config: ModelConfig) -> int:
        return config.whole("num_hidden_layers")

    def is_buffer(self, name: str) -> bool:
        return name.endswith("rotary_emb.inv_freq")

    def extra_tensors(self, config: ModelConfig) -> Mapping[str, Array]:
        factors = rope(config).factors()
        return {} if factors is None else {"rope_freqs.weight": factors}


class Qwen(Decoder):
    """Checks and warnings that Qwen2 and Qwen3 share."""

    GGUF_NAME: str

    def check(self, config: ModelConfig) -> tuple[str, ...]:
        if rope(config).kind == "llama3":
            raise config.refuse(f"llama.cpp's {self.GGUF_NAME} knows no rope of type llama3")
        is_used = config.flag("use_sliding_window", False)
        return super().check(config) + sliding_window_warning(config, is_used=is_used)


def heads(config: ModelConfig) -> int:
    return config.whole("num_attention_heads")


def key_value_heads(config: ModelConfig) -> int:
    return config.whole("num_key_value_heads", heads(config))


def head_dim(config: ModelConfig) -> int:
    count = heads(config)
    if not count:
        raise config.refuse("num_attention_heads is 0")
    return config.whole("head_dim", config.whole("hidden_size") // count)


def rope(config: ModelConfig) -> Rope:
    return Rope.of(config, head_dim(config))


def sliding_window_warning(config: ModelConfig, *, is_used: bool) -> tuple[str, ...]:
    """Warns of a sliding window: in these architectures llama.cpp attends to all tokens."""
    context = config.whole("max_position_embeddings")
    window = config.whole("sliding_window", 0) if is_used else 0
    if not window or window >= context:
        return ()
    return (
        f"the model attends to the last {window:,} tokens only, llama.cpp to all: beyond "
        f"{window:,} tokens the answers differ",
    )
