"""The models that tests open: the bundled ones, and where a random one is enough, a random one."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
TINY_QWEN2 = ROOT / "fixtures/models/tiny-qwen2"
TINY_GPT2 = ROOT / "fixtures/models/tiny-gpt2"
TASKS = ROOT / "fixtures/tasks"


def random_qwen2(vocabulary: int = 64):
    """A Qwen2 of random weights, seed 0, 64 positions."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(0)
    return Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=vocabulary,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=64,
            initializer_range=0.4,
        )
    ).eval()


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
