"""A merge computed tensor by tensor is peft's own, bit for bit."""

import json

import numpy as np
import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from harness.core.errors import HarnessError
from harness.export.source import open_source
from harness.export.tensors.dtypes import to_float32
from harness.export.to_merged import to_merged
from tests.export import small_models
from tests.export.adapters import CONV1D, adapter
from tests.export.exporting import merge_in_this_process
from tests.models import ROOT, TINY_QWEN2

# peft asks transformers by an older name.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")

BUNDLED = ROOT / "fixtures/models/tiny-qwen2-adapter"


def merged_by_peft(base, folder):
    """The weights that ``merge_and_unload`` makes of the base in float32, by name."""
    loaded = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    return PeftModel.from_pretrained(loaded, folder).merge_and_unload().state_dict()


def assert_equal_to_peft(base, folder):
    weights = open_source(str(folder)).effective_weights()
    expected = merged_by_peft(base, folder)
    for name in weights.shapes:
        found = to_float32(weights.read(name), weights.dtype(name))
        assert np.array_equal(found, expected[name].numpy()), name


def test_the_bundled_adapter():
    assert_equal_to_peft(TINY_QWEN2, BUNDLED)


SETTINGS = {
    "plain": {},
    "rslora": {"use_rslora": True},
    "patterns": {"rank_pattern": {"q_proj": 2}, "alpha_pattern": {"layers.1.mlp.up_proj": 3}},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_scaling(name, tmp_path):
    base = small_models.save(small_models.llama(), small_models.byte_level(), tmp_path / "base")
    adapter(small_models.llama(), tmp_path / "adapter", base, **SETTINGS[name])
    assert_equal_to_peft(base, tmp_path / "adapter")


def test_conv1d_layers_of_gpt2(tmp_path):
    base = small_models.save(small_models.gpt2(), small_models.byte_level("gpt-2"), tmp_path / "b")
    adapter(small_models.gpt2(), tmp_path / "a", base, target_modules=CONV1D, fan_in_fan_out=True)
    assert_equal_to_peft(base, tmp_path / "a")


def test_merged_folder_opens_and_is_rounded_once(tmp_path):
    record = to_merged(open_source(str(BUNDLED)), tmp_path / "merged", None, False)
    assert (record.type, record.merged_in) == ("bfloat16", "float32")
    expected = merged_by_peft(TINY_QWEN2, BUNDLED)
    opened = AutoModelForCausalLM.from_pretrained(tmp_path / "merged").state_dict()
    assert all(torch.equal(opened[n], w.to(torch.bfloat16)) for n, w in expected.items())


def test_shards_stay_shards(tmp_path):
    model = small_models.llama()
    model.save_pretrained(tmp_path / "base", max_shard_size="100KB")
    small_models.byte_level().save_pretrained(tmp_path / "base")
    adapter(model, tmp_path / "adapter", tmp_path / "base")
    shards = sorted(p.name for p in (tmp_path / "base").glob("*.safetensors"))
    assert len(shards) > 2
    source = open_source(str(tmp_path / "adapter"))
    to_merged(source, tmp_path / "merged", "float16", False)
    assert sorted(p.name for p in (tmp_path / "merged").glob("*.safetensors")) == shards
    expected = merged_by_peft(tmp_path / "base", tmp_path / "adapter")
    opened = AutoModelForCausalLM.from_pretrained(tmp_path / "merged").state_dict()
    assert all(torch.equal(opened[n], w.to(torch.float16)) for n, w in expected.items())
    assert json.loads((tmp_path / "merged/config.json").read_text())["dtype"] == "float16"


BEYOND = {
    "dora": {"use_dora": True},
    "modules_to_save": {"modules_to_save": ["lm_head"]},
    "bias": {"bias": "lora_only"},
    "embedding": {"target_modules": ["embed_tokens", "q_proj"]},
}


@pytest.mark.parametrize("name", BEYOND)
def test_what_is_more_than_a_lora_is_merged_by_peft(name, tmp_path, monkeypatch):
    merge_in_this_process(monkeypatch)
    biased = {"attention_bias": True} if name == "bias" else {}
    base = small_models.save(
        small_models.llama(**biased), small_models.byte_level(), tmp_path / "base"
    )
    made = adapter(small_models.llama(**biased), tmp_path / "adapter", base, **BEYOND[name])
    ids = torch.tensor([[1, 5, 9, 30, 77]])
    with torch.inference_mode():
        expected = made(ids).logits
    to_merged(open_source(str(tmp_path / "adapter")), tmp_path / "merged", "float32", False)
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged").eval()
    with torch.inference_mode():
        torch.testing.assert_close(merged(ids).logits, expected, rtol=1e-4, atol=1e-4)


def test_an_adapter_of_another_base_is_one_line(tmp_path):
    small_models.save(small_models.llama(), small_models.byte_level(), tmp_path / "base")
    other = small_models.llama(hidden_size=32)
    adapter(other, tmp_path / "adapter", tmp_path / "base")
    with pytest.raises(HarnessError, match="give its own base") as error:
        open_source(str(tmp_path / "adapter"))
    assert "\n" not in str(error.value)


def test_a_lora_over_a_tied_head_is_refused(tmp_path):
    base = small_models.save(
        small_models.llama(tie_word_embeddings=True), small_models.byte_level(), tmp_path / "base"
    )
    untied = small_models.llama()
    adapter(untied, tmp_path / "adapter", base, target_modules=["lm_head"])
    with pytest.raises(HarnessError, match="lm_head"):
        open_source(str(tmp_path / "adapter")).effective_weights()
