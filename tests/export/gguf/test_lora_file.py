"""A LoRA in GGUF over its base gives, in llama.cpp, the logits of the adapter in transformers."""

import numpy as np
import pytest
from peft import PeftModel
from transformers import AutoModelForCausalLM

from harness.core.errors import HarnessError
from harness.model_files import provenance_keys
from tests.export import small_models
from tests.export.adapters import CONV1D, adapter
from tests.export.exporting import export_gguf, export_lora
from tests.export.llama_reading import Llama, expected_logits
from tests.export.test_architectures import GELU_TOLERANCE, IDS, TOLERANCE
from tests.models import ROOT, TINY_QWEN2

# peft asks transformers by an older name.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")

BUNDLED = ROOT / "fixtures/models/tiny-qwen2-adapter"
KINDS = {
    "llama": (small_models.llama, {}),
    "llama-rslora": (small_models.llama, {"use_rslora": True}),
    "llama-patterns": (
        small_models.llama,
        {"rank_pattern": {"q_proj": 2}, "alpha_pattern": {"layers.1.mlp.up_proj": 3}},
    ),
    "llama-head": (small_models.llama, {"target_modules": ["lm_head", "k_proj"]}),
    "qwen2": (small_models.qwen2, {}),
    "qwen3": (small_models.qwen3, {}),
    "gpt2": (small_models.gpt2, {"target_modules": CONV1D, "fan_in_fan_out": True}),
}


@pytest.mark.parametrize("name", KINDS)
def test_logits_over_the_base_are_those_of_the_adapter(name, tmp_path):
    build, settings = KINDS[name]
    base = small_models.save(build(), small_models.byte_level(), tmp_path / "base")
    made = adapter(build(), tmp_path / "adapter", base, **settings)
    export_gguf(base, tmp_path / "base.gguf")
    export_lora(tmp_path / "adapter", tmp_path / "lora.gguf")
    wanted = expected_logits(made, IDS)
    opened = Llama(tmp_path / "base.gguf", tmp_path / "lora.gguf")
    found = opened.logits(IDS)
    opened.close()
    scale = float(np.abs(wanted).max())
    tolerance = GELU_TOLERANCE if name == "gpt2" else TOLERANCE
    assert float(np.abs(found - wanted).max()) < tolerance * scale
    with made.disable_adapter():
        bare = expected_logits(made, IDS)
    assert float(np.abs(bare - wanted).max()) > 0.1 * scale


def test_rslora_is_in_the_files_alpha(tmp_path):
    """alpha 12, r 4: peft scales by 12 / sqrt(4) = 6, llama.cpp by alpha / 4."""
    from gguf import GGUFReader

    base = small_models.save(small_models.llama(), small_models.byte_level(), tmp_path / "base")
    adapter(small_models.llama(), tmp_path / "adapter", base, use_rslora=True)
    export_lora(tmp_path / "adapter", tmp_path / "lora.gguf")
    fields = GGUFReader(tmp_path / "lora.gguf").fields
    assert fields["adapter.lora.alpha"].contents() == 24.0
    assert fields["general.type"].contents() == "adapter"
    assert fields["adapter.type"].contents() == "lora"


def test_the_bundled_adapter_over_the_bundled_base(tmp_path):
    export_gguf(TINY_QWEN2, tmp_path / "base.gguf")
    record = export_lora(BUNDLED, tmp_path / "lora.gguf")
    opened = Llama(tmp_path / "base.gguf", tmp_path / "lora.gguf")
    text = "<|im_start|>user\nAda paid 12.50 on May 3.<|im_end|>\n<|im_start|>assistant\n"
    ids = opened.tokens(text)
    base = AutoModelForCausalLM.from_pretrained(TINY_QWEN2, dtype="float32")
    wanted = expected_logits(PeftModel.from_pretrained(base, BUNDLED).eval(), ids)
    found = opened.logits(ids)
    opened.close()
    assert float(np.abs(found - wanted).max()) < 1e-3
    assert (found.argmax(1) == wanted.argmax(1)).all()
    assert record.source_weights_sha256 is None


def test_the_file_says_which_base_it_belongs_to(tmp_path):
    from gguf import GGUFReader

    base = export_gguf(TINY_QWEN2, tmp_path / "base.gguf")
    lora = export_lora(BUNDLED, tmp_path / "lora.gguf", "f16")
    keys = {name: GGUFReader(tmp_path / f"{name}.gguf").fields for name in ("base", "lora")}
    belongs = keys["lora"][provenance_keys.BASE_WEIGHTS_SHA256].contents()
    assert belongs == keys["base"][provenance_keys.SOURCE_WEIGHTS_SHA256].contents()
    assert belongs == lora.base.weights_sha256 == base.base.weights_sha256
    assert lora.adapter is not None
    own = keys["lora"][provenance_keys.ADAPTER_WEIGHTS_SHA256].contents()
    assert own == lora.adapter.weights_sha256
    assert lora.tensors == {"f16": 56}


REFUSED = {
    "dora": ({"use_dora": True}, "use_dora"),
    "modules_to_save": ({"modules_to_save": ["lm_head"]}, r"modules_to_save \(lm_head\)"),
    "embedding": ({"target_modules": ["embed_tokens", "q_proj"]}, "an update of the embedding"),
    "tokens": ({"trainable_token_indices": [5, 6]}, "trainable_token_indices"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_lora_file_cannot_hold_is_refused(name, tmp_path):
    settings, reason = REFUSED[name]
    base = small_models.save(small_models.llama(), small_models.byte_level(), tmp_path / "base")
    adapter(small_models.llama(), tmp_path / "adapter", base, **settings)
    with pytest.raises(HarnessError, match=reason) as error:
        export_lora(tmp_path / "adapter", tmp_path / "lora.gguf")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "lora.gguf").exists()


@pytest.mark.parametrize("start", ["pissa", "pissa_niter_4", "olora"])
def test_an_initialization_that_changed_the_base_is_refused(start, tmp_path):
    base = small_models.save(small_models.llama(), small_models.byte_level(), tmp_path / "base")
    adapter(small_models.llama(), tmp_path / "adapter", base, init_lora_weights=start)
    with pytest.raises(HarnessError, match=f"initialised by {start}.*changes the base"):
        export_lora(tmp_path / "adapter", tmp_path / "lora.gguf")


def test_a_lora_of_another_shape_is_refused(tmp_path):
    base = small_models.save(small_models.llama(), small_models.byte_level(), tmp_path / "base")
    adapter(small_models.llama(hidden_size=32), tmp_path / "adapter", base)
    with pytest.raises(HarnessError, match="give its own base"):
        export_lora(tmp_path / "adapter", tmp_path / "lora.gguf")


def test_a_whole_model_is_no_lora(tmp_path):
    with pytest.raises(HarnessError, match="is a whole model"):
        export_lora(TINY_QWEN2, tmp_path / "lora.gguf")
