"""An adapter beside its base: each way in which the two do not belong together."""

import pytest

from harness.model_files.finding import Level
from harness.model_files.safetensors_header import read_header
from tests.model_files.copies import ADAPTER, change, copy, said
from tests.models import TINY_GPT2, TINY_QWEN2


@pytest.fixture
def adapter(tmp_path):
    return copy(ADAPTER, tmp_path)


def ref(folder, base=TINY_QWEN2):
    return f"adapter:{folder}+base={base}"


def test_an_adapter_for_another_architecture_stops_the_run(adapter):
    text = said(Level.PROBLEM, ref(adapter, TINY_GPT2))
    assert "model.layers.0.mlp.down_proj is no module of the base" in text
    assert "give its own base with +base=" in text


def test_another_base_stops_the_run_unless_it_was_asked_for(adapter, tmp_path):
    base = copy(TINY_QWEN2, tmp_path)
    change(base / "config.json", rms_norm_eps=1e-5)
    sentence = "it was trained over weights f72eb1b8dfdd"
    assert sentence in said(Level.WARNING, ref(adapter, base))
    assert sentence not in said(Level.WARNING, ref(adapter))
    change(adapter / "adapter_config.json", base_model_name_or_path=str(base))
    assert sentence in said(Level.PROBLEM, f"adapter:{adapter}")


def test_one_wrong_target_among_several_is_told(adapter):
    change(adapter / "adapter_config.json", target_modules=["q_proj", "query_proj"])
    text = said(Level.WARNING, ref(adapter))
    assert "the target query_proj is no module of the base" in text
    assert "q_proj is no" not in text.replace("query_proj is no", "")


def test_a_target_without_weights_stops_the_run(adapter):
    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    change(adapter / "adapter_config.json", target_modules=[*targets, "embed_tokens"])
    text = said(Level.PROBLEM, ref(adapter))
    assert "1 of 29 targets have no weights (model.embed_tokens)" in text


def test_another_rank_stops_the_run(adapter):
    change(adapter / "adapter_config.json", r=8)
    assert "has rank 16, adapter_config.json says 8" in said(Level.PROBLEM, ref(adapter))


def test_a_rank_pattern_counts(adapter):
    change(adapter / "adapter_config.json", r=8, rank_pattern={r".*_proj": 16})
    assert said(Level.PROBLEM, ref(adapter)) == ""
    change(adapter / "adapter_config.json", r=8, rank_pattern={"q_proj": 16})
    assert "down_proj has rank 16, adapter_config.json says 8" in said(Level.PROBLEM, ref(adapter))


@pytest.mark.parametrize(("alpha", "level"), [(None, Level.PROBLEM), (0, Level.WARNING)])
def test_a_strength_that_is_none_is_told(adapter, alpha, level):
    change(adapter / "adapter_config.json", lora_alpha=alpha)
    assert "lora_alpha is" in said(level, ref(adapter))


def test_a_start_that_changes_the_base_is_told(adapter):
    change(adapter / "adapter_config.json", init_lora_weights="pissa_niter_16")
    assert "began with pissa_niter_16" in said(Level.WARNING, ref(adapter))


def test_what_a_lora_file_cannot_hold_is_known(adapter):
    change(adapter / "adapter_config.json", modules_to_save=["lm_head"], use_dora=True, bias="all")
    text = said(Level.NOTE, ref(adapter))
    for part in ("whole modules (lm_head)", "it is a DoRA", "trains biases (all)"):
        assert part in text


def test_an_activated_lora_stops_the_run(adapter):
    change(adapter / "adapter_config.json", alora_invocation_tokens=[5])
    assert "it is an activated LoRA" in said(Level.PROBLEM, ref(adapter))


def test_an_adapter_that_was_never_trained_is_told(adapter):
    file = adapter / "adapter_model.safetensors"
    data = bytearray(file.read_bytes())
    for name, tensor in read_header(file).items():
        if ".lora_B." in name:
            data[tensor.start : tensor.start + tensor.size_bytes] = bytes(tensor.size_bytes)
    file.write_bytes(bytes(data))
    assert "every lora_B is zero" in said(Level.WARNING, ref(adapter))


def test_a_matrix_that_does_not_fit_stops_the_run(adapter):
    file = adapter / "adapter_model.safetensors"
    data = file.read_bytes()
    # The same bytes under another shape, whose rank is another too.
    name = b'down_proj.lora_B.weight":{"dtype":"F32","shape":[256,16]'
    assert name in data
    changed = data.replace(name, name.replace(b"[256,16]", b"[128,32]"), 1)
    file.write_bytes(changed)
    assert "has rank 16 and 32" in said(Level.PROBLEM, ref(adapter))


def test_a_lost_template_stops_the_run(adapter):
    (adapter / "chat_template.jinja").unlink()
    assert "the chat template of its base" in said(Level.PROBLEM, ref(adapter))


def test_a_damaged_curve_is_told_and_stops_nothing(adapter):
    (adapter / "training.json").write_text('{"base": NaN}', "utf-8")
    assert "training.json: is no JSON (NaN" in said(Level.WARNING, ref(adapter))
