"""Qwen2 and Qwen2.5: biases on q, k and v, rope as transformers does it."""

from harness.export.gguf.architectures._decoder import PROJECTIONS, Qwen, head_dim, heads
from harness.export.tensors.model_config import ModelConfig


class Qwen2(Qwen):
    CLASSES = ("Qwen2ForCausalLM",)
    GGUF_NAME = "qwen2"
    IN_EVERY_BLOCK = (*PROJECTIONS, *(f"self_attn.{part}_proj.bias" for part in "qkv"))

    def check(self, config: ModelConfig) -> tuple[str, ...]:
        if head_dim(config) * heads(config) != config.whole("hidden_size"):
            raise config.refuse("llama.cpp's qwen2 wants heads that divide hidden_size")
        return super().check(config)


ARCHITECTURE = Qwen2()
