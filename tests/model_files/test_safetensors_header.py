"""Headers of safetensors: the bundled model's own, and everything that a stranger may write."""

import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.files.strict_json import UnreadableFile
from harness.model_files.safetensors_header import read_header
from tests.models import TINY_QWEN2

WEIGHTS = TINY_QWEN2 / "model.safetensors"
ONE = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def written(path, header, data=b"\0" * 8):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def test_the_bundled_models_header_is_that_of_the_library():
    from safetensors import safe_open

    found = read_header(WEIGHTS)
    with safe_open(WEIGHTS, "np") as file:
        assert set(found) == set(file.keys())
        for name in found:
            view = file.get_slice(name)
            assert list(found[name].shape) == view.get_shape()
            assert found[name].dtype == view.get_dtype()


def test_a_place_is_counted_from_the_files_beginning(tmp_path):
    path = written(tmp_path / "a", {"t": ONE}, struct.pack("<2f", 1, 2))
    tensor = read_header(path)["t"]
    assert path.read_bytes()[tensor.start :][: tensor.size_bytes] == struct.pack("<2f", 1, 2)


DEEP = b'{"a":' * 100_000


@pytest.mark.parametrize(
    ("header", "data", "said"),
    [
        ({"t": ONE}, b"\0" * 7, "was cut short"),
        ({"t": ONE}, b"\0" * 9, "goes on after its last tensor"),
        ({"t": {**ONE, "shape": [-2]}}, b"\0" * 8, "no count"),
        ({"t": {**ONE, "shape": [True, 2]}}, b"\0" * 8, "no count"),
        ({"t": {**ONE, "shape": [3]}}, b"\0" * 8, "not its shape's"),
        ({"t": {**ONE, "shape": [1 << 70]}}, b"\0" * 8, "no count"),
        ({"t": {**ONE, "data_offsets": [8, 0]}}, b"\0" * 8, "no count"),
        ({"t": {**ONE, "data_offsets": [0, 8, 9]}}, b"\0" * 8, "without type, shape and place"),
        ({"t": {**ONE, "dtype": "F99"}}, b"\0" * 8, "unknown type 'F99'"),
        ({"t": {**ONE, "dtype": ["F32"]}}, b"\0" * 8, "unknown type"),
        ({"t": 7}, b"\0" * 8, "without type, shape and place"),
        ({"a": ONE, "b": {**ONE, "data_offsets": [9, 17]}}, b"\0" * 17, "leaves a gap"),
        ({"a": ONE, "b": {**ONE, "data_offsets": [4, 12]}}, b"\0" * 12, "leaves a gap"),
        (b"[1]", b"", "holds no JSON object"),
        (b'{"t": NaN}', b"", "NaN is no JSON number"),
        (b'{"t": ' + b"9" * 5000 + b"}", b"", "is no JSON"),
        (b"\xff\xfe", b"", "is no JSON"),
        (DEEP, b"", "nested too deep"),
    ],
)
def test_what_a_stranger_may_write_is_told_in_one_line(header, data, said, tmp_path):
    path = written(tmp_path / "a.safetensors", header, data)
    with pytest.raises(UnreadableFile, match=said) as caught:
        read_header(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("length", [1 << 63, 200_000_000, 10_000])
def test_a_header_longer_than_its_file_is_not_read(length, tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", length) + b"{}")
    with pytest.raises(UnreadableFile, match=r"cut short|no safetensors"):
        read_header(path)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 6_000), st.integers(0, 255)), min_size=1, max_size=5))
def test_whatever_byte_of_a_header_is_changed_it_is_read_or_refused(tmp_path_factory, changes):
    data = bytearray(WEIGHTS.read_bytes()[:6_000])
    for place, value in changes:
        data[place % len(data)] = value
    path = tmp_path_factory.getbasetemp() / "changed.safetensors"
    path.write_bytes(bytes(data))
    with pytest.raises(UnreadableFile) as caught:
        read_header(path)  # It is cut short, whatever else it is.
    assert "\n" not in str(caught.value)
