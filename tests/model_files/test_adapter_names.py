"""Tensor names of an adapter that peft would pass over, and modules that it would find none for."""

import re

import pytest
from safetensors.numpy import load_file, save_file

from harness.model_files.adapter_names import PREFIX, is_target, pattern_value
from harness.model_files.finding import Level
from tests.model_files.copies import ADAPTER, change, copy, said


@pytest.fixture
def adapter(tmp_path):
    return copy(ADAPTER, tmp_path)


def rename(folder, change_name):
    """Give the adapter's tensors other names; one without a name is dropped."""
    path = folder / "adapter_model.safetensors"
    found = {change_name(name): values for name, values in load_file(path).items()}
    save_file({name: values for name, values in found.items() if name}, path)


def problems(folder):
    return said(Level.PROBLEM, f"adapter:{folder}")


def test_the_bundled_adapter_is_whole():
    assert problems(ADAPTER) == ""


FOREIGN = {
    "no prefix": lambda n: n.removeprefix(PREFIX),
    "another wrapper's": lambda n: f"module.{n}",
    "torch.compile": lambda n: n.replace(PREFIX, f"{PREFIX}_orig_mod."),
    "FSDP": lambda n: n.replace(PREFIX, f"{PREFIX}_fsdp_wrapped_module."),
    "checkpointing": lambda n: n.replace(".mlp.", "._checkpoint_wrapped_module.mlp."),
    "the adapter's name": lambda n: n.replace(".weight", ".default.weight"),
    "doubled": lambda n: n.replace(PREFIX, f"{PREFIX}model."),
}


@pytest.mark.parametrize("who", FOREIGN)
def test_names_that_peft_would_pass_over_stop_the_run(adapter, who):
    rename(adapter, FOREIGN[who])
    assert "tensors would not be applied" in problems(adapter)


def test_half_of_the_layers_stops_the_run(adapter):
    rename(adapter, lambda n: None if re.search(r"layers\.[01]\.", n) else n)
    assert "14 of 28 targets have no weights (model.layers.0" in problems(adapter)


def test_layers_that_were_left_out_on_purpose_are_not_missed(adapter):
    rename(adapter, lambda n: None if re.search(r"layers\.[01]\.", n) else n)
    change(adapter / "adapter_config.json", layers_to_transform=[2, 3])
    assert problems(adapter) == ""


def test_more_modules_than_configured_stop_the_run(adapter):
    change(adapter / "adapter_config.json", target_modules=["q_proj"])
    assert "48 of 56 tensors would not be applied" in problems(adapter)


def test_a_replaced_module_that_is_not_in_it_stops_the_run(adapter):
    change(adapter / "adapter_config.json", modules_to_save=["lm_head"])
    assert "names the replaced module lm_head, which" in problems(adapter)


def test_trained_tokens_that_are_not_in_it_stop_the_run(adapter):
    change(adapter / "adapter_config.json", trainable_token_indices=[5])
    assert "names the trained tokens, which" in problems(adapter)


def test_a_pattern_that_is_none_is_one_line(adapter):
    change(adapter / "adapter_config.json", target_modules="(")
    assert "its targets cannot be read" in problems(adapter)


Q = "model.layers.10.self_attn.q_proj"


@pytest.mark.parametrize(
    ("settings", "is_one"),
    [
        ({"target_modules": ["q_proj"]}, True),
        ({"target_modules": [Q]}, True),
        ({"target_modules": ["proj"]}, False),
        ({"target_modules": r".*\.10\..*q_proj"}, True),
        ({"target_modules": "q_proj"}, False),
        ({"target_modules": "all-linear"}, True),
        ({"target_modules": ["q_proj"], "exclude_modules": ["q_proj"]}, False),
        ({"target_modules": ["q_proj"], "exclude_modules": r".*\.1\..*"}, True),
        ({"target_modules": ["q_proj"], "modules_to_save": ["self_attn"]}, False),
        ({"target_modules": ["q_proj"], "layers_to_transform": [1]}, False),
        ({"target_modules": ["q_proj"], "layers_to_transform": 10}, True),
        (
            {
                "target_modules": ["q_proj"],
                "layers_to_transform": [10],
                "layers_pattern": ["h", "layers"],
            },
            True,
        ),
        ({}, False),
    ],
)
def test_targets_are_peft_s(settings, is_one):
    assert is_target(settings, Q) is is_one


def test_the_first_pattern_counts():
    patterns = {"k_proj": 1, "q_proj": 2, r".*_proj": 3}
    assert [pattern_value(patterns, f"a.{m}", 8) for m in ("q_proj", "o_proj", "up")] == [2, 3, 8]


def test_a_pattern_of_modules_is_matched_without_a_warning():
    """``[[`` in a set makes Python warn."""
    assert is_target({"target_modules": "[[a-z_]+"}, "q_proj")
