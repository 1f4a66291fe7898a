"""Shapes of bases, read from their files; a base that does not show them is a mistake of a line."""

import json
import shutil
from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from tests.models import TINY_GPT2, TINY_QWEN2
from trainers.model.shape import read_shape


def test_a_qwen() -> None:
    config = json.loads((TINY_QWEN2 / "config.json").read_text())
    shape = read_shape(str(TINY_QWEN2), "base")
    assert (shape.width, shape.inner) == (config["hidden_size"], config["intermediate_size"])
    assert shape.layers == config["num_hidden_layers"]
    assert shape.vocabulary == config["vocab_size"]
    assert shape.parameters == 1_773_312
    assert set(shape.linear) == {
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
    }  # fmt: skip


def test_a_gpt2_names_its_sizes_otherwise() -> None:
    config = json.loads((TINY_GPT2 / "config.json").read_text())
    shape = read_shape(str(TINY_GPT2), "base")
    assert (shape.width, shape.layers) == (config["n_embd"], config["n_layer"])
    assert (shape.inner, shape.shared) == (config["n_inner"], config["n_embd"])
    assert {"c_attn", "c_proj", "c_fc"} == set(shape.linear)


@pytest.mark.parametrize("broken", ["config.json", "model.safetensors"])
def test_files_that_do_not_show_it(tmp_path: Path, broken: str) -> None:
    shutil.copytree(TINY_QWEN2, tmp_path / "base")
    (tmp_path / "base" / broken).write_text("[]")
    with pytest.raises(HarnessError, match=r"^r.yaml:2: base: ") as caught:
        read_shape(str(tmp_path / "base"), "r.yaml:2: base")
    assert "\n" not in str(caught.value)


def test_a_base_that_is_not_here() -> None:
    with pytest.raises(HarnessError, match="is not on this machine, download it first"):
        read_shape("nowhere/none", "base")
