"""The models that tests open: the bundled ones, and where a random one is enough, a random one."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
TINY_QWEN2 = ROOT / "fixtures/models/tiny-qwen2"
TINY_GPT2 = ROOT / "fixtures/models/tiny-gpt2"
TASKS = ROOT / "fixtures/tasks"


DECODER = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "initializer_range": 0.4,
}
"""Configuration of a random decoder."""


def random_model(kind: str, **config: object):
    """A model of random weights, seed 0; ``kind`` is how transformers' classes begin."""
    import torch
    import transformers

    torch.manual_seed(0)
    configuration = getattr(transformers, f"{kind}Config")(**config)
    return getattr(transformers, f"{kind}ForCausalLM")(configuration).eval()


def random_qwen2(vocabulary: int = 64, **changes: object):
    """A Qwen2 of random weights, seed 0, 64 positions."""
    return random_model("Qwen2", **{**DECODER, "vocab_size": vocabulary, **changes})


def random_mistral():
    """A Mistral that sees 16 tokens back."""
    return random_model("Mistral", **DECODER, sliding_window=16)


def random_lfm2():
    """An LFM2: a convolution, then attention."""
    return random_model("Lfm2", **DECODER, layer_types=["conv", "full_attention"])


def random_bloom():
    """A Bloom, which has no positions but a slope over distances."""
    shape = {"vocab_size": 64, "hidden_size": 32, "n_layer": 2, "n_head": 4}
    return random_model("Bloom", **shape, initializer_range=0.4)


def random_gpt2(vocabulary: int = 64):
    """A GPT-2 of random weights, seed 0, 64 positions."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=vocabulary,
            n_embd=32,
            n_layer=2,
            n_head=4,
            n_positions=64,
            initializer_range=0.4,
        )
    ).eval()
