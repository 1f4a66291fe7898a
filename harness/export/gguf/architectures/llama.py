"""Llama, Mistral, SmolLM and other models of class ``LlamaForCausalLM``.

llama.cpp applies rope to adjacent rows of q and k, transformers to rows half a head apart: the rows
and their biases are reordered.
"""

from typing import Any

from harness.export.gguf.architectures._decoder import (
    PROJECTIONS,
    Decoder,
    heads,
    key_value_heads,
    sliding_window_warning,
)
from harness.export.gguf.layout import Layout, RopePairs
from harness.export.tensors.model_config import ModelConfig


class Llama(Decoder):
    CLASSES = ("LlamaForCausalLM", "MistralForCausalLM")
    GGUF_NAME = "llama"
    IN_EVERY_BLOCK = PROJECTIONS

    def check(self, config: ModelConfig) -> tuple[str, ...]:
        if config.whole("pretraining_tp", 1) > 1:
            raise config.refuse("pretraining_tp above 1 is not written")
        return super().check(config) + sliding_window_warning(config, is_used=True)

    def add_parameters(self, config: ModelConfig, writer: Any) -> None:
        super().add_parameters(config, writer)
        writer.add_vocab_size(config.whole("vocab_size"))

    def layout(self, config: ModelConfig, name: str) -> Layout:
        if ".self_attn.q_proj." in name:
            return RopePairs(heads(config))
        if ".self_attn.k_proj." in name:
            return RopePairs(key_value_heads(config))
        return super().layout(config, name)


ARCHITECTURE = Llama()
