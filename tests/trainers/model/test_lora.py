"""The layers to adapt are found by architecture, and every name must match one."""

from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from trainers.model.lora import lora_config, target_modules
from trainers.recipes.schema import Lora

QWEN = ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]


def opened(folder: Path) -> object:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder)


def test_auto_takes_every_linear_layer_but_the_output(qwen_base: Path, gpt2_base: Path) -> None:
    assert target_modules(opened(qwen_base), Lora(), "r.yaml:1") == QWEN
    gpt2 = opened(gpt2_base)
    names = target_modules(gpt2, Lora(), "r.yaml:1")
    assert names == ["c_attn", "c_fc", "c_proj"]
    assert lora_config(gpt2, Lora(), names, "gpt2").fan_in_fan_out


def test_every_wrong_name_is_said_though_others_match(qwen_base: Path) -> None:
    lora = Lora(target_modules=("q_proj", "v_prjo", "lm_head", "input_layernorm", "mlp"))
    with pytest.raises(HarnessError) as caught:
        target_modules(opened(qwen_base), lora, "r.yaml:5: lora.target_modules")
    lines = str(caught.value).splitlines()
    where = "r.yaml:5: lora.target_modules: "
    assert all(line.startswith(where) for line in lines)
    assert [line.removeprefix(where).partition(",")[0] for line in lines] == [
        "v_prjo matches no layer of the base",
        "lm_head is the output layer",
        "input_layernorm is a Qwen2RMSNorm",
        "mlp is a Qwen2MLP",
    ]
    assert "did you mean 'v_proj'?" in lines[0]


def test_a_path_may_name_a_layer(qwen_base: Path) -> None:
    lora = Lora(target_modules=("self_attn.q_proj",))
    assert target_modules(opened(qwen_base), lora, "") == ["self_attn.q_proj"]
