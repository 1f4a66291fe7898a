"""GGUF files, whole, cut and made up: read by real metadata, refused in one line."""

import contextlib
import struct

import gguf
import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model_files.gguf_header import (
    _BLOCKS,
    FILE_TYPES,
    DamagedGguf,
    read_gguf_header,
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A file that the official package wrote: metadata of every shape, two tensors."""
    path = tmp_path_factory.mktemp("gguf") / "whole.gguf"
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_context_length(512)
    writer.add_float32("a.float", 0.5)
    writer.add_bool("a.flag", True)
    writer.add_int8("a.small", -3)
    writer.add_array("tokenizer.ggml.tokens", ["a", "b", "ü"])
    writer.add_array("a.counts", [1, 2, 3])
    writer.add_tensor("token_embd.weight", numpy.zeros((3, 32), numpy.float32))
    writer.add_tensor("output_norm.weight", numpy.zeros(32, numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_the_official_packages_file_is_read(whole):
    header = read_gguf_header(whole)
    assert header.architecture == "qwen2"
    assert header.count("qwen2.context_length") == 512
    assert header.metadata["tokenizer.ggml.tokens"] == ["a", "b", "ü"]
    assert header.metadata["a.counts"] == [1, 2, 3]
    assert (header.metadata["a.float"], header.metadata["a.flag"]) == (0.5, True)
    assert header.metadata["a.small"] == -3
    embedding = header.tensors["token_embd.weight"]
    assert (embedding.type, embedding.shape, embedding.size_bytes) == ("F32", (3, 32), 384)
    assert header.size_bytes == whole.stat().st_size


def test_a_flag_is_no_count(whole):
    assert read_gguf_header(whole).count("a.flag") is None
    assert read_gguf_header(whole).count("a.small") is None


def test_block_sizes_and_file_types_are_those_of_the_official_package():
    sizes = {int(t): (t.name, *size) for t, size in gguf.GGML_QUANT_SIZES.items()}
    assert sizes == _BLOCKS
    named = {int(t): t.name.lower() for t in gguf.LlamaFileType if t.name != "GUESSED"}
    short = {n: t.removeprefix("mostly_").removeprefix("all_") for n, t in named.items()}
    assert short == FILE_TYPES


def test_every_cut_is_told(whole, tmp_path):
    data = whole.read_bytes()
    cut = tmp_path / "cut.gguf"
    for length in range(0, len(data), 7):
        cut.write_bytes(data[:length])
        with pytest.raises(DamagedGguf) as caught:
            read_gguf_header(cut)
        assert "\n" not in str(caught.value)


HEAD = b"GGUF" + struct.pack("<I", 3)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04" + bytes(60), "is no GGUF file"),
        (b"GGUF" + struct.pack("<IQQ", 9, 0, 0) + bytes(40), "of GGUF version 9"),
        (HEAD + struct.pack("<QQ", 1 << 62, 0) + bytes(40), "cut short or is damaged"),
        (HEAD + struct.pack("<QQ", 0, 1 << 62) + bytes(40), "cut short or is damaged"),
        (HEAD + struct.pack("<QQQ", 0, 1, 1 << 60) + bytes(40), "asks for"),
        (HEAD + struct.pack("<QQQ", 0, 1, 1) + b"k" + struct.pack("<I", 99) + bytes(40), "type 99"),
        (
            HEAD + struct.pack("<QQQ", 0, 1, 1) + b"k" + struct.pack("<IIQ", 9, 4, 1 << 40)
            + bytes(9),
            "asks for",
        ),
        (
            HEAD + struct.pack("<QQQ", 0, 1, 1) + b"k" + struct.pack("<I", 9)
            + struct.pack("<IQ", 9, 1) * 9 + bytes(40),
            "unknown type 9",
        ),
        (
            HEAD + struct.pack("<QQQ", 1, 0, 1) + b"t" + struct.pack("<IQIQ", 1, 1 << 40, 0, 0)
            + bytes(40),
            "was cut short: its tensor 't'",
        ),
        (
            HEAD + struct.pack("<QQQ", 1, 0, 1) + b"t" + struct.pack("<I", 1 << 30) + bytes(40),
            "dimensions",
        ),
    ],
)  # fmt: skip
def test_lies_are_told(data, said, tmp_path):
    path = tmp_path / "lie.gguf"
    path.write_bytes(data)
    with pytest.raises(DamagedGguf, match=said):
        read_gguf_header(path)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6))
def test_whatever_byte_is_changed_the_file_is_read_or_refused(whole, tmp_path_factory, changes):
    data = bytearray(whole.read_bytes())
    for place, value in changes:
        data[place % len(data)] = value
    path = tmp_path_factory.getbasetemp() / "changed.gguf"
    path.write_bytes(bytes(data))
    with contextlib.suppress(DamagedGguf):
        read_gguf_header(path)
