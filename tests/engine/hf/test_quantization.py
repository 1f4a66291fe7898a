"""Transformers models quantised by bitsandbytes as they open, on the CPU."""

import json

import pytest

from harness.backends import adapter, base, preflight
from harness.core import extras
from harness.core.case import Message
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling
from harness.engine.model import EngineSettings
from tests.models import ROOT, TINY_GPT2, TINY_QWEN2

pytestmark = [
    # peft still asks transformers under the old name.
    pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning"),
    # bitsandbytes says that it rounds to float16 before int8.
    pytest.mark.filterwarnings("ignore:MatMul8bitLt:UserWarning"),
]
ADAPTER = ROOT / "fixtures/models/tiny-qwen2-adapter"
REQUEST = Request("t", "a", (Message("user", "What is 1 + 1?"),), Sampling(max_new_tokens=8))


def settings(kind: str | None, **more) -> EngineSettings:
    return EngineSettings(device="cpu", threads=1, quantize=kind, **more)


def answer(model) -> str:
    (batch,) = model.batches([REQUEST])
    (completion,) = model.generate(batch, lambda tokens, ended: None)
    assert completion.error is None
    return completion.text


@pytest.mark.parametrize("kind", ["nf4", "int8"])
@pytest.mark.parametrize("folder", [TINY_QWEN2, TINY_GPT2], ids=["qwen2", "gpt2"])
def test_a_quantized_model_answers_and_is_another_model(kind, folder):
    ref = ModelRef("base", str(folder))
    whole, small = (base.open_model(ref, settings(k)) for k in (None, kind))
    assert answer(small)
    told, before = small.describe(), whole.describe()
    assert (told.quantization, before.quantization) == (kind, None)
    assert told.parameters == before.parameters
    assert told.weights_sha256 != before.weights_sha256
    assert told.files == before.files
    assert bytes_of(small.model) < 0.7 * bytes_of(whole.model)


def bytes_of(model) -> int:
    return sum(p.numel() * p.element_size() for p in model.parameters())


def test_nf4_and_int8_are_different_models():
    ref = ModelRef("base", str(TINY_QWEN2))
    hashes = {base.open_model(ref, settings(k)).describe().weights_sha256 for k in ("nf4", "int8")}
    assert len(hashes) == 2


def test_an_adapter_goes_over_a_quantized_base_whose_own_hash_stays():
    ref = ModelRef("adapter", str(ADAPTER), (("base", str(TINY_QWEN2)),))
    model = adapter.open_model(ref, settings("nf4"))
    whole = base.open_model(ModelRef("base", str(TINY_QWEN2)), settings(None)).describe()
    assert answer(model)
    assert model.describe().quantization == "nf4"
    assert model.describe().base_sha256 == whole.weights_sha256


def test_what_cannot_be_is_one_line(tmp_path, monkeypatch):
    def why(**more) -> str:
        with pytest.raises(HarnessError) as error:
            base.open_model(ModelRef("base", str(more.pop("folder", TINY_QWEN2))),
                            settings("nf4", **more))  # fmt: skip
        assert "\n" not in str(error.value)
        return str(error.value)

    assert why(dtype="float16") == (
        "--quantize nf4: computes 16 times as slowly in float16 on a CPU, say --dtype bfloat16"
    )
    for file in TINY_QWEN2.iterdir():
        (tmp_path / file.name).symlink_to(file)
    config = json.loads((TINY_QWEN2 / "config.json").read_text("utf-8"))
    (tmp_path / "config.json").unlink()
    config["quantization_config"] = {"quant_method": "gptq", "bits": 4}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert "is quantised already, leave the option out" in why(folder=tmp_path)
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    assert why() == f"--quantize nf4: bitsandbytes is not installed, {extras.install('hf')}"


def test_a_gguf_and_a_stored_run_are_not_quantized_as_they_open():
    with pytest.raises(HarnessError, match="a GGUF is quantised when it is exported"):
        preflight(ModelRef("gguf", "m.gguf"), settings("nf4"))
    with pytest.raises(HarnessError, match="a stored run's answers are what they are"):
        preflight(ModelRef("record", "run"), settings("int8"))
