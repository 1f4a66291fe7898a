"""Every architecture, exported in float32, gives transformers' logits in llama.cpp.

These are the tests that the layouts rest on: a row in the wrong place changes every logit.
"""

import json

import numpy as np
import pytest

from harness.core.errors import HarnessError
from harness.export.architecture import architecture_of
from harness.export.model_config import ModelConfig
from harness.export.rope import Rope
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
