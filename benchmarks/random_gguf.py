"""Writes a q4_k_m in Qwen2.5-7B's shape with random weights, never holding a larger type of it.

    python -m benchmarks.random_gguf /tmp/qwen7-q4_k_m.gguf

Speed and memory depend on shapes and types, not on the weights' values. The types of tensors are
those that llama.cpp's quantiser chooses for a q4_k_m of this shape. A few hundred random rows of
each width are quantised by llama.cpp's own functions, and each tensor is made of such rows in an
order of its own. The file takes 4.7 GB of disk and half a minute; 1 GB of memory suffices.
"""

import ctypes
import tempfile
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import click
import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType

from benchmarks.random_model import SPREAD, write_random_model
from harness.export.gguf.gguf_file import add_vocabulary
from harness.export.gguf.tensor_plan import PlannedTensor, plan
from harness.export.source import Source, open_source
from harness.export.tokenizer.tokenizer_form import vocabulary_of
from harness.export.tokenizer.tokenizer_reading import load_tokenizer

ROWS = 256
"""Random rows of each width and type; a tensor repeats them."""
Q4, Q6 = GGMLQuantizationType.Q4_K, GGMLQuantizationType.Q6_K


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--layers", type=int, default=None, help="Fewer than the shape has.")
def main(file: Path, layers: int | None) -> None:
    """Write FILE."""
    with tempfile.TemporaryDirectory() as work:
        # The folder's weights are a hole: it takes no room.
        write_random_model(Path(work) / "model", shape="7b", layers=layers, has_values=False)
        write(open_source(f"base:{work}/model"), file)
    click.echo(f"{file}: {file.stat().st_size / 1e6:,.0f} MB")


def write(source: Source, file: Path) -> None:
    """The model's shape as a q4_k_m; its weights are not read."""
    tensors = plan(source.config, source.architecture, source.weights)
    layers = source.architecture.blocks(source.config)
    loaded = load_tokenizer(source.tokenizer_folder)
    rows = next(t.shape[0] for t in tensors if t.name == "token_embd.weight")
    writer = GGUFWriter(file, source.architecture.GGUF_NAME)
    with closing(writer):
        writer.add_type("model")
        writer.add_name(source.name)
        writer.add_file_type(LlamaFileType.MOSTLY_Q4_K_M)
        source.architecture.add_parameters(source.config, writer)
        add_vocabulary(writer, vocabulary_of(loaded, rows, source.tokenizer_folder))
        writer.add_eos_token_id(loaded.eos_id)
        for tensor in tensors:
            announce(writer, tensor, type_of(tensor, layers))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for values in data(tensors, layers):
            writer.write_tensor_data(values)


def announce(writer: GGUFWriter, tensor: PlannedTensor, kind: GGMLQuantizationType | None) -> None:
    if kind is None:
        size = 4 * tensor.numel
        writer.add_tensor_info(tensor.name, tensor.shape, np.dtype(np.float32), size)
        return
    row = pool(kind, tensor.shape[1]).shape[1]
    shape = (tensor.shape[0], row)
    size = tensor.shape[0] * row
    writer.add_tensor_info(tensor.name, shape, np.dtype(np.uint8), size, raw_dtype=kind)


def data(tensors: tuple[PlannedTensor, ...], layers: int) -> Iterator[Any]:
    """The bytes of each tensor, in order."""
    stream = np.random.default_rng(0)
    for tensor in tensors:
        kind = type_of(tensor, layers)
        if kind is not None:
            chosen = stream.integers(ROWS, size=tensor.shape[0])
            yield pool(kind, tensor.shape[1])[chosen]
        elif tensor.name.endswith("norm.weight"):
            yield np.ones(tensor.shape, np.float32)
        else:
            yield stream.standard_normal(tensor.shape, np.float32) * np.float32(SPREAD)


def type_of(tensor: PlannedTensor, layers: int) -> GGMLQuantizationType | None:
    """llama.cpp's choice for a q4_k_m; ``None``: float32. Of the values' and the inner projection
    the blocks at both ends, and every third between, are stored in more bits."""
    if tensor.stays_float32:
        return None
    if tensor.name == "output.weight":
        return Q6
    if tensor.name.endswith(("attn_v.weight", "ffn_down.weight")):
        layer = int(tensor.name.split(".")[1])
        edge = layers // 8
        is_long = layer < edge or layer >= 7 * layers // 8 or (layer - edge) % 3 == 2
        return Q6 if is_long else Q4
    return Q4


@cache
def pool(kind: GGMLQuantizationType, width: int) -> Any:
    """``ROWS`` random rows of that width, quantised by llama.cpp."""
    import llama_cpp

    found = sorted((Path(llama_cpp.__file__).parent / "lib").glob("*ggml-base.*"))
    quantize = ctypes.CDLL(str(found[0])).ggml_quantize_chunk
    quantize.restype = ctypes.c_size_t
    quantize.argtypes = [
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_int64,
        ctypes.c_int64,
        ctypes.c_int64,
        ctypes.c_void_p,
    ]
    stream = np.random.default_rng([int(kind), width])
    values = stream.standard_normal((ROWS, width), np.float32) * np.float32(SPREAD)
    written = np.empty(values.nbytes, np.uint8)
    size = quantize(int(kind), values.ctypes.data, written.ctypes.data, 0, ROWS, width, None)
    return written[:size].reshape(ROWS, -1).copy()


if __name__ == "__main__":
    main()
