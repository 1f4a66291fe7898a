"""A model's parameters, counted without opening it."""

import json

from safetensors.torch import save_file

from harness.model_files.weights import count_parameters, folder_weights
from tests.models import TINY_QWEN2


def test_parameters_are_those_that_transformers_counts():
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(TINY_QWEN2)
    assert count_parameters(TINY_QWEN2) == model.num_parameters()


def test_shards_are_counted_together_and_other_files_are_not(tmp_path):
    import torch

    for name in ("one", "two", "other"):
        save_file({name: torch.zeros(3, 2)}, tmp_path / f"{name}.safetensors")
    places = {name: f"{name}.safetensors" for name in ("one", "two")}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    assert count_parameters(tmp_path) == 12
    files = {tensor.file.name for tensor in folder_weights(tmp_path).tensors.values()}
    assert files == set(places.values())


def test_pickles_are_taken_for_float32(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(bytes(40))
    assert count_parameters(tmp_path) == 10
