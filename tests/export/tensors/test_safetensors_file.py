"""Reading somebody else's weights: every way a file can be damaged is one line."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.core.errors import HarnessError
from harness.export.tensors.safetensors_file import read_tensor, tensors_in
from harness.export.tensors.safetensors_writer import write_safetensors
from harness.export.tensors.weights import StoredWeights
from harness.model_files.weights import file_weights

TENSORS = {
    "a": torch.arange(6, dtype=torch.float32).reshape(2, 3),
    "b": torch.ones(4, dtype=torch.bfloat16),
    "c": torch.zeros(2, 2, dtype=torch.float16),
}


@pytest.fixture
def file(tmp_path):
    save_file(TENSORS, tmp_path / "model.safetensors", {"format": "pt"})
    return tmp_path / "model.safetensors"


def tensors_of(file):
    return tensors_in(file_weights(file), file.parent)


def mistake(function, *arguments):
    with pytest.raises(HarnessError) as error:
        function(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


def write(path, header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def test_values_are_those_that_were_saved(file):
    tensors = tensors_of(file)
    assert np.array_equal(read_tensor(tensors["a"]), TENSORS["a"].numpy())
    assert np.array_equal(read_tensor(tensors["b"]), TENSORS["b"].view(torch.uint16).numpy())
    assert (tensors["c"].dtype, tensors["c"].shape) == ("F16", (2, 2))


def test_what_is_written_the_official_package_reads(tmp_path):
    values = {"x": np.ones((2, 3), np.float32), "y": np.arange(5, dtype=np.float32)}
    shapes = {name: array.shape for name, array in values.items()}
    write_safetensors(tmp_path / "f", shapes, "F32", values.values())
    found = load_file(tmp_path / "f")
    assert all(np.array_equal(found[name].numpy(), array) for name, array in values.items())


@pytest.mark.parametrize("kept", [0, 4, 8, 40, -1])
def test_a_file_that_is_cut_off(file, kept):
    file.write_bytes(file.read_bytes()[:kept])
    assert "copy" in mistake(tensors_of, file)


def test_a_file_that_is_cut_off_while_it_is_read(file):
    tensors = tensors_of(file)
    file.write_bytes(file.read_bytes()[:-8])
    last = max(tensors.values(), key=lambda tensor: tensor.start)
    assert "ends within" in mistake(read_tensor, last)


@pytest.mark.parametrize(
    "header",
    [
        b"not json at all, but long enough",
        b"[" * 4000,
        [1, 2],
        {"x": 5},
        {"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}},
        {"x": {"dtype": "F32", "shape": [-1], "data_offsets": [0, -4]}},
        {"x": {"dtype": "F32", "shape": "ab", "data_offsets": [0, 4]}},
        {"x": {"dtype": ["F32"], "shape": [1], "data_offsets": [0, 4]}},
        {"x": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}},
        {"x": {"dtype": "F32", "shape": [1], "data_offsets": [0]}},
        {"x\x1b[2J\n": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}},
        {"x": {"dtype": "F32", "shape": [10**9, 10**9], "data_offsets": [0, 4 * 10**18]}},
    ],
)
def test_a_header_that_cannot_be(tmp_path, header):
    file = write(tmp_path / "x.safetensors", header, b"\0" * 8)
    assert str(file) in mistake(tensors_of, file)
    assert "\x1b" not in mistake(tensors_of, file)


def test_a_quantized_tensor_is_not_exported(tmp_path):
    save_file({"q": torch.zeros(4, dtype=torch.uint8)}, tmp_path / "q.safetensors")
    assert "stored as U8" in mistake(read_tensor, tensors_of(tmp_path / "q.safetensors")["q"])


def test_weights_of_eight_bits_are_refused_before_they_are_read(tmp_path):
    save_file({"q": torch.zeros(4).to(torch.float8_e4m3fn)}, tmp_path / "model.safetensors")
    with pytest.raises(HarnessError, match="stored as F8_E4M3"):
        _ = StoredWeights(tmp_path).main_dtype


def test_float64_is_read_as_float32(tmp_path):
    values = torch.linspace(0, 1, 7, dtype=torch.float64)
    save_file({"x": values}, tmp_path / "model.safetensors")
    weights = StoredWeights(tmp_path)
    assert weights.dtype("x") == weights.main_dtype == "F32"
    assert np.array_equal(weights.read("x"), values.float().numpy())


def test_a_missing_shard_is_named(tmp_path, file):
    places = {"a": "model.safetensors", "z": "model-00002.safetensors"}
    index = tmp_path / "model.safetensors.index.json"
    file.rename(tmp_path / "model-00001.safetensors")
    places["a"] = "model-00001.safetensors"
    index.write_text(json.dumps({"weight_map": places}))
    assert "the shard model-00002.safetensors is not there" in mistake(StoredWeights, tmp_path)


def test_a_tensor_that_the_index_promises_is_missed(tmp_path, file):
    file.rename(tmp_path / "model-1.safetensors")
    places = {"a": "model-1.safetensors", "lost": "model-1.safetensors"}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    assert "the tensor lost is not in model-1.safetensors" in mistake(StoredWeights, tmp_path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "is no JSON"),
        ("[]", "holds no JSON object"),
        ("{}", "lists no weights"),
        ('{"weight_map": {"a": "../../etc/passwd"}}', "the shard ../../etc/passwd is not there"),
        ('{"weight_map": {"a": 5}}', "the shard 5 is not there"),
    ],
)
def test_an_index_that_cannot_be(tmp_path, text, reason):
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(text)
    assert f"{index}: {reason}" in mistake(StoredWeights, tmp_path)


def test_weights_in_pickles_are_not_opened(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    assert "has no model.safetensors" in mistake(StoredWeights, tmp_path)
