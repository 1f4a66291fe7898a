"""An adapter over an open base: nothing of it is left out, or it is refused in one line."""

import shutil

import pytest
import torch
from peft import IA3Config, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from harness.core.errors import HarnessError
from harness.engine.hf.adapter_loading import load_adapter
from tests.model_files.copies import ADAPTER, copy
from tests.models import TINY_QWEN2

# peft still asks transformers under the old name.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")


@pytest.fixture
def base():
    return AutoModelForCausalLM.from_pretrained(TINY_QWEN2, dtype=torch.float32)


def rename(folder, change):
    path = folder / "adapter_model.safetensors"
    found = {change(name): values for name, values in load_file(path).items()}
    save_file({name: values for name, values in found.items() if name}, path, {"format": "pt"})


def test_tensors_of_another_kind_of_adapter_are_held_to_the_model_too(base, tmp_path):
    targets = {"target_modules": ["k_proj", "down_proj"], "feedforward_modules": ["down_proj"]}
    made = get_peft_model(base, IA3Config(task_type="CAUSAL_LM", **targets))
    made.save_pretrained(tmp_path)
    fresh = AutoModelForCausalLM.from_pretrained(TINY_QWEN2, dtype=torch.float32)
    load_adapter(fresh, TINY_QWEN2, tmp_path)
    rename(tmp_path, lambda n: n.replace("model.model.", "model.module.model."))
    fresh = AutoModelForCausalLM.from_pretrained(TINY_QWEN2, dtype=torch.float32)
    with pytest.raises(HarnessError, match=r"8 of the adapter's tensors are missing"):
        load_adapter(fresh, TINY_QWEN2, tmp_path)


def test_a_pickled_adapter_is_held_to_the_model_too(base, tmp_path):
    folder = copy(ADAPTER, tmp_path)
    file = folder / "adapter_model.safetensors"
    half = {n: v for n, v in load_file(file).items() if ".layers.0." not in n}
    torch.save(half, folder / "adapter_model.bin")
    file.unlink()
    with pytest.raises(HarnessError, match=r"14 of the adapter's tensors are missing") as error:
        load_adapter(base, TINY_QWEN2, folder)
    assert "\n" not in str(error.value)


def test_a_pickled_adapter_of_other_shapes_is_one_line(base, tmp_path):
    folder = copy(ADAPTER, tmp_path)
    file = folder / "adapter_model.safetensors"
    torch.save({n: v[:3] for n, v in load_file(file).items()}, folder / "adapter_model.bin")
    file.unlink()
    with pytest.raises(HarnessError, match=r"peft cannot put it over .* size mismatch") as error:
        load_adapter(base, TINY_QWEN2, folder)
    assert "\n" not in str(error.value)


def test_an_adapter_without_its_prefix_is_refused_before_peft_loads_it(base, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(ADAPTER, folder)
    rename(folder, lambda n: n.removeprefix("base_model.model."))
    with pytest.raises(HarnessError, match="56 of 56 tensors would not be applied"):
        load_adapter(base, TINY_QWEN2, folder)


def test_a_base_on_the_cpu_has_its_adapter_read_onto_no_gpu(base, monkeypatch):
    def asked() -> str:
        raise AssertionError("peft chose the device by itself")

    for module in ("peft.peft_model", "peft.utils.save_and_load"):
        monkeypatch.setattr(f"{module}.infer_device", asked)
    adapted = load_adapter(base, TINY_QWEN2, ADAPTER)
    assert {parameter.device.type for parameter in adapted.parameters()} == {"cpu"}
