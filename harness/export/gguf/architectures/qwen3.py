"""Qwen3: norms on each head's q and k, and a configured head size."""

from harness.export.gguf.architectures._decoder import PROJECTIONS, Qwen


class Qwen3(Qwen):
    CLASSES = ("Qwen3ForCausalLM",)
    GGUF_NAME = "qwen3"
    IN_EVERY_BLOCK = (*PROJECTIONS, "self_attn.q_norm.weight", "self_attn.k_norm.weight")


ARCHITECTURE = Qwen3()
