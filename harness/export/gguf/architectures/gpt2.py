"""GPT-2 and DialoGPT: ``Conv1D`` layers stored the other way round, learned positions."""

from collections.abc import Mapping
from typing import Any

from harness.export.gguf.keys import GgufKeys
from harness.export.gguf.layout import Layout, Transposed
from harness.export.tensors.model_config import ModelConfig
from harness.export.tensors.safetensors_file import Array

CONV1D = (".attn.c_attn.weight", ".attn.c_proj.weight", ".mlp.c_fc.weight", ".mlp.c_proj.weight")


class Gpt2:
    CLASSES = ("GPT2LMHeadModel",)
    PREFIX = "transformer."
    OUTSIDE_BLOCKS = tuple(
        f"transformer.{name}" for name in ("wte.weight", "wpe.weight", "ln_f.weight", "ln_f.bias")
    )
    BLOCK = "transformer.h.{}."
    IN_EVERY_BLOCK = tuple(
        f"{part}.{kind}"
        for part in ("ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj")
        for kind in ("weight", "bias")
    )
    HEAD = "lm_head.weight"
    GGUF_NAME = "gpt2"

    def check(self, config: ModelConfig) -> tuple[str, ...]:
        activation = config.text("activation_function", "gelu_new")
        if activation not in ("gelu_new", "gelu_pytorch_tanh"):
            raise config.refuse(
                f"activation {activation!r} is not what llama.cpp computes, gelu_new is"
            )
        if config.flag("scale_attn_by_inverse_layer_idx", False):
            raise config.refuse("scale_attn_by_inverse_layer_idx is not what llama.cpp computes")
        if not config.flag("scale_attn_weights", True):
            raise config.refuse("scale_attn_weights false is not what llama.cpp computes")
        if config.flag("add_cross_attention", False):
            raise config.refuse("cross attention is not what llama.cpp computes")
        return ()

    def add_parameters(self, config: ModelConfig, writer: Any) -> None:
        width = config.whole("n_embd")
        writer.add_context_length(config.whole("n_positions"))
        writer.add_embedding_length(width)
        writer.add_block_count(self.blocks(config))
        writer.add_feed_forward_length(config.whole("n_inner", 4 * width))
        writer.add_head_count(config.whole("n_head"))
        writer.add_layer_norm_eps(config.number("layer_norm_epsilon", 1e-5))

    def settings(self, keys: GgufKeys) -> dict[str, Any]:
        return {
            "n_positions": keys.whole("context_length"),
            "n_embd": keys.whole("embedding_length"),
            "n_layer": keys.whole("block_count"),
            "n_inner": keys.whole("feed_forward_length"),
            "n_head": keys.whole("attention.head_count"),
            "layer_norm_epsilon": keys.number("attention.layer_norm_epsilon"),
            "activation_function": "gelu_new",
            # transformers' own default is 0.1, which GGUF has no key for.
            "attn_pdrop": 0.0,
            "embd_pdrop": 0.0,
            "resid_pdrop": 0.0,
        }

    def layout(self, config: ModelConfig, name: str) -> Layout:
        return Transposed() if name.endswith(CONV1D) else Layout()

    def blocks(self, config: ModelConfig) -> int:
        return config.whole("n_layer")

    def is_buffer(self, name: str) -> bool:
        return name.endswith((".attn.bias", ".attn.masked_bias"))

    def extra_tensors(self, config: ModelConfig) -> Mapping[str, Array]:
        return {}


ARCHITECTURE = Gpt2()
