"""Every architecture, exported in float32, gives transformers' logits in llama.cpp.

These are the tests that the layouts rest on: a row in the wrong place changes every logit.
"""

import json

import numpy as np
import pytest
from gguf import GGUFReader
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from harness.core.errors import HarnessError
from harness.export.gguf.architecture import architecture_of
from harness.export.gguf.rope import Rope
from harness.export.tensors.model_config import ModelConfig
from tests.export import small_models
from tests.export.exporting import export_gguf
from tests.export.llama_reading import Llama, expected_logits

TEXT = "Ada paid 12.50 on the 3rd of May, it's settled."
IDS = [1, *(n * 37 % 380 + 5 for n in range(60))]
TOLERANCE = 2e-4
"""Of the largest logit. float32 sums in another order; a wrong layout is off by its whole size."""
GELU_TOLERANCE = 5e-3
"""llama.cpp looks GELU up in a table of float16."""

LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 10_000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
YARN = {
    "rope_type": "yarn",
    "rope_theta": 10_000.0,
    "factor": 4.0,
    "original_max_position_embeddings": 32,
}
LINEAR = {"rope_type": "linear", "rope_theta": 10_000.0, "factor": 2.0}
VARIANTS = {
    "llama": lambda: small_models.llama(),
    "llama-tied": lambda: small_models.llama(tie_word_embeddings=True),
    "llama-one-kv-head": lambda: small_models.llama(num_key_value_heads=1),
    "llama-as-many-kv-heads": lambda: small_models.llama(num_key_value_heads=4),
    "llama-biases": lambda: small_models.llama(attention_bias=True, mlp_bias=True),
    "llama-wide-heads": lambda: small_models.llama(head_dim=32),
    "llama-rope-theta": lambda: small_models.llama(
        rope_parameters={"rope_type": "default", "rope_theta": 500.0}
    ),
    "llama-rope-llama3": lambda: small_models.llama(rope_parameters=LLAMA3),
    "llama-rope-linear": lambda: small_models.llama(rope_parameters=LINEAR),
    "llama-rope-yarn": lambda: small_models.llama(rope_parameters=YARN),
    "mistral": lambda: small_models.mistral(sliding_window=None),
    "mistral-window": lambda: small_models.mistral(sliding_window=100),
    "qwen2": lambda: small_models.qwen2(),
    "qwen2-tied": lambda: small_models.qwen2(tie_word_embeddings=True),
    "qwen2-rope-yarn": lambda: small_models.qwen2(rope_parameters=YARN),
    "qwen3": lambda: small_models.qwen3(),
    "qwen3-tied": lambda: small_models.qwen3(tie_word_embeddings=True),
    "gpt2": lambda: small_models.gpt2(),
    "gpt2-untied": lambda: small_models.gpt2(tie_word_embeddings=False),
    "gpt2-inner": lambda: small_models.gpt2(n_inner=96),
}


@pytest.fixture(scope="module")
def tokenizer():
    return small_models.byte_level()


@pytest.mark.parametrize("name", VARIANTS)
def test_logits_are_those_of_transformers(name, tokenizer, tmp_path):
    model = VARIANTS[name]()
    folder = small_models.save(model, tokenizer, tmp_path / "model")
    export_gguf(folder, tmp_path / "model.gguf")
    opened = Llama(tmp_path / "model.gguf")
    found, wanted = opened.logits(IDS), expected_logits(model, IDS)
    opened.close()
    scale = float(np.abs(wanted).max())
    tolerance = GELU_TOLERANCE if name.startswith("gpt2") else TOLERANCE
    assert float(np.abs(found - wanted).max()) < tolerance * scale
    # The logits differ enough from row to row that no other place would pass.
    assert float(np.abs(np.roll(wanted, 1, axis=0) - wanted).max()) > 0.1 * scale


@pytest.mark.parametrize("is_copy", [True, False])
@pytest.mark.parametrize("build", [small_models.llama, small_models.gpt2])
def test_a_stored_head_is_written_where_it_is_not_the_embedding(
    build, is_copy, tokenizer, tmp_path
):
    """transformers uses it although the configuration says that the two are tied."""
    folder = small_models.save(build(tie_word_embeddings=True), tokenizer, tmp_path / "model")
    file = folder / "model.safetensors"
    weights = load_file(file)
    embedding = weights[next(name for name in weights if "embed_tokens" in name or "wte" in name)]
    head = embedding if is_copy else embedding.flip(0)
    save_file({**weights, "lm_head.weight": head.clone()}, file, {"format": "pt"})
    export_gguf(folder, tmp_path / "model.gguf")
    names = {tensor.name for tensor in GGUFReader(tmp_path / "model.gguf").tensors}
    assert ("output.weight" in names) is not is_copy
    opened = Llama(tmp_path / "model.gguf")
    found = opened.logits(IDS)
    opened.close()
    wanted = expected_logits(AutoModelForCausalLM.from_pretrained(folder).eval(), IDS)
    assert float(np.abs(found - wanted).max()) < GELU_TOLERANCE * float(np.abs(wanted).max())


def test_a_checkpoint_that_leaves_out_the_first_part_of_names(tokenizer, tmp_path):
    """As the first GPT-2 checkpoints do: ``h.0.attn.c_attn.weight``, masks stored besides."""
    from safetensors.torch import load_file, save_file

    model = small_models.gpt2()
    folder = small_models.save(model, tokenizer, tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    short = {name.removeprefix("transformer."): weight for name, weight in weights.items()}
    short["h.0.attn.bias"] = weights["transformer.h.0.ln_1.bias"].clone()
    save_file(short, folder / "model.safetensors")
    export_gguf(folder, tmp_path / "model.gguf")
    opened = Llama(tmp_path / "model.gguf")
    wanted = expected_logits(model, IDS)
    difference = np.abs(opened.logits(IDS) - wanted).max()
    opened.close()
    assert difference < GELU_TOLERANCE * np.abs(wanted).max()


def changed(model, tokenizer, folder, **changes):
    """The saved model with another configuration than its own."""
    small_models.save(model, tokenizer, folder)
    config = json.loads((folder / "config.json").read_text())
    config = {k: v for k, v in {**config, **changes}.items() if v != "left out"}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


REFUSED = {
    "architecture": ("llama", {"architectures": ["LlamaForCasualLM"]}, "near: LlamaForCausalLM"),
    "no-architecture": ("llama", {"architectures": []}, "names no architecture"),
    "activation": ("llama", {"hidden_act": "gelu"}, "activation 'gelu'"),
    "rope": ("llama", {"rope_parameters": {"rope_type": "dynamic"}}, "rope of type 'dynamic'"),
    "old-rope": (
        "llama",
        {"rope_parameters": None, "rope_scaling": {"type": "longrope"}},
        "rope of type 'longrope'",
    ),
    "part-rope": ("llama", {"partial_rotary_factor": 0.5}, "a part of each head"),
    "llama3-rope": ("qwen2", {"rope_parameters": LLAMA3}, "no rope of type llama3"),
    "yarn": ("llama", {"rope_parameters": {**YARN, "mscale": 0.7}}, "yarn's mscale"),
    "layered-rope": (
        "llama",
        {"rope_parameters": {"full_attention": {"rope_type": "default"}}},
        "from layer to layer",
    ),
    "odd-rope": (
        "llama",
        {"rope_parameters": {"rope_type": "linear", "rope_theta": 1e4}},
        "lacks factor",
    ),
    "heads": ("qwen2", {"head_dim": 8}, "wants heads that divide hidden_size"),
    "no-heads": ("qwen3", {"num_attention_heads": 0, "head_dim": None}, "num_attention_heads is 0"),
    "lacking": ("qwen3", {"num_hidden_layers": "left out"}, "lacks num_hidden_layers"),
    "not-a-number": ("qwen3", {"hidden_size": "wide"}, "expected a whole number"),
    "more-layers": ("llama", {"num_hidden_layers": 3}, "the weights lack blk.2"),
    "fewer-layers": ("llama", {"num_hidden_layers": 1}, "is no weight of a LlamaForCausalLM"),
    "window": ("mistral", {"sliding_window": "wide"}, "sliding_window is 'wide', expected a whole"),
    "gelu": ("gpt2", {"activation_function": "relu"}, "activation 'relu'"),
    "scaled": ("gpt2", {"scale_attn_by_inverse_layer_idx": True}, "inverse_layer_idx"),
    "unscaled": ("gpt2", {"scale_attn_weights": False}, "scale_attn_weights false"),
    "quantised": ("llama", {"quantization_config": {"quant_method": "awq"}}, "quantised .awq."),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_llama_cpp_would_compute_otherwise_is_refused(name, tokenizer, tmp_path):
    build, changes, reason = REFUSED[name]
    model = getattr(small_models, build)()
    folder = changed(model, tokenizer, tmp_path / "model", **changes)
    with pytest.raises(HarnessError, match=reason) as error:
        export_gguf(folder, tmp_path / "model.gguf")
    assert "\n" not in str(error.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]


@pytest.mark.parametrize(
    ("build", "lost"),
    [
        ("llama", "self_attn.q_proj.weight"),
        ("qwen2", "self_attn.k_proj.bias"),
        ("qwen3", "self_attn.q_norm.weight"),
        ("gpt2", "mlp.c_fc.bias"),
        ("llama", "norm.weight"),
        ("llama", "embed_tokens.weight"),
        ("llama", "lm_head.weight"),
    ],
)
def test_weights_that_are_missing_everywhere_are_missed(build, lost, tokenizer, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = small_models.save(getattr(small_models, build)(), tokenizer, tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    kept = {name: weight for name, weight in weights.items() if not name.endswith(f".{lost}")}
    kept.pop(lost, None)
    assert len(kept) < len(weights)
    save_file(kept, folder / "model.safetensors")
    with pytest.raises(HarnessError, match=rf"the weights lack \S*{lost}: copy"):
        export_gguf(folder, tmp_path / "model.gguf")


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 5000])
def test_a_configuration_that_cannot_be_read_is_one_line(text, tmp_path):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(HarnessError, match=r"config.json: is no JSON") as error:
        ModelConfig(tmp_path / "config.json")
    assert "\n" not in str(error.value)


def test_a_window_shorter_than_the_context_is_warned_of(tmp_path):
    config = tmp_path / "config.json"
    sizes = {"hidden_size": 64, "num_attention_heads": 4, "max_position_embeddings": 4096}
    config.write_text(
        json.dumps({"architectures": ["MistralForCausalLM"], "sliding_window": 1024, **sizes})
    )
    known = ModelConfig(config)
    (warning,) = architecture_of(known).check(known)
    assert "the last 1,024 tokens only" in warning


@pytest.mark.parametrize(
    "given",
    [
        {"rope_parameters": {"rope_type": "linear", "rope_theta": 5e5, "factor": 2.0}},
        {"rope_theta": 5e5, "rope_scaling": {"type": "linear", "factor": 2.0}},
    ],
    ids=["transformers-5", "older"],
)
def test_rope_is_read_in_both_spellings(given, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(given))
    rope = Rope.of(ModelConfig(tmp_path / "config.json"), 16)
    assert (rope.kind, rope.theta, rope.parameters["factor"]) == ("linear", 5e5, 2.0)
