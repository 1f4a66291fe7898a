"""Reads and writes importance matrices: the mean square of what each column of a weight is fed.

Both of llama.cpp's forms are read, GGUF and the older ``.dat``; written is GGUF. A file is hostile
input: every length in it is checked against its size before anything is read by it.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gguf import GGUFWriter

from harness.core.errors import HarnessError
from harness.core.printable import excerpt
from harness.export.tensors.safetensors_file import Array
from harness.files.regular import read_regular
from harness.model_files.gguf_header import MAGIC, DamagedGguf, GgufHeader, read_gguf_header

SUMS, COUNTS = ".in_sum2", ".counts"
"""Endings of the two tensors of a weight: sums of squares, and the number of rows summed."""
BLOCK = "blk."
"""Begins the names of the weights of a block, which alone have an importance."""
DATASETS = "imatrix.datasets"
MAX_BYTES = 1 << 30
MAX_NAME = 1000


@dataclass(frozen=True, slots=True)
class ImportanceMatrix:
    """Mean squares by the name of the weight, as llama.cpp's quantiser takes them."""

    values: Mapping[str, Array]
    """float32, one number for each column; for stacked matrices one after the other."""
    datasets: tuple[str, ...] = ()
    """The data that it was made from, as the file says."""


def is_matrix(path: Path) -> bool:
    """True for a file that calls itself an importance matrix."""
    if path.suffix == ".dat":
        return True
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def read_matrix(path: Path) -> ImportanceMatrix:
    """Read an importance matrix.

    Raises:
        HarnessError: it is none, is damaged, or holds what is no mean of squares.
    """
    with path.open("rb") as file:
        is_gguf = file.read(len(MAGIC)) == MAGIC
    try:
        matrix = _from_gguf(path) if is_gguf else _from_dat(read_regular(path, MAX_BYTES))
    except (DamagedGguf, ValueError, struct.error) as error:
        raise HarnessError(f"--imatrix {path}: is no importance matrix ({error})") from None
    for name, values in matrix.values.items():
        if not np.all(np.isfinite(values)) or np.any(values < 0):
            raise HarnessError(
                f"--imatrix {path}: {excerpt(name)} holds what is no mean of squares"
            )
    return matrix


def _from_gguf(path: Path) -> ImportanceMatrix:
    header = read_gguf_header(path)
    names = [name.removesuffix(SUMS) for name in header.tensors if name.endswith(SUMS)]
    if not names:
        raise ValueError("it has no sums of squares")
    listed = header.metadata.get(DATASETS)
    datasets = tuple(d for d in listed if isinstance(d, str)) if isinstance(listed, list) else ()
    return ImportanceMatrix({name: _means(path, header, name) for name in names}, datasets)


def _means(path: Path, header: GgufHeader, name: str) -> Array:
    sums, counts = (_floats(path, header, name + ending) for ending in (SUMS, COUNTS))
    if counts.size == 0 or sums.size % counts.size:
        raise ValueError(f"{excerpt(name)} has {sums.size} sums for {counts.size} counts")
    rows = sums.reshape(counts.size, -1)
    # A matrix that was never fed counts alike in all columns, as for llama.cpp.
    divided = np.divide(rows, counts[:, None], out=np.ones_like(rows), where=counts[:, None] > 0)
    return np.ascontiguousarray(divided.reshape(-1), np.float32)


def _floats(path: Path, header: GgufHeader, name: str) -> Array:
    tensor = header.tensors.get(name)
    if tensor is None or tensor.type != "F32":
        raise ValueError(f"{excerpt(name)} is missing or not float32")
    return np.fromfile(path, np.float32, tensor.numel, offset=tensor.start)


def _from_dat(raw: bytes) -> ImportanceMatrix:
    values: dict[str, Array] = {}
    (count,), at = struct.unpack_from("<i", raw), 4
    if not 0 < count <= len(raw) // 12:
        raise ValueError(f"it says {count:,} weights in {len(raw):,} bytes")
    for _ in range(count):
        (length,), at = struct.unpack_from("<i", raw, at), at + 4
        if not 0 < length <= MAX_NAME:
            raise ValueError(f"it says a name of {length:,} bytes")
        name, at = raw[at : at + length].decode("utf-8"), at + length
        (calls, size), at = struct.unpack_from("<ii", raw, at), at + 8
        if not 0 < size <= (len(raw) - at) // 4:
            raise ValueError(f"it says {size:,} numbers where {len(raw) - at:,} bytes are left")
        found = np.frombuffer(raw, np.float32, size, at)
        values[name] = found / np.float32(calls) if calls > 0 else found.copy()
        at += 4 * size
    return ImportanceMatrix(values)


def write_matrix(
    path: Path, sums: Mapping[str, Array], counts: Mapping[str, int], data: str
) -> None:
    """Write a collected matrix in llama.cpp's form.

    Args:
        sums: of each weight the sums of squares by column.
        counts: of each weight the number of rows summed.
        data: the name of the data.
    """
    writer = GGUFWriter(path, "")
    writer.add_type("imatrix")
    writer.add_array(DATASETS, [data])
    writer.add_uint32("imatrix.chunk_count", 1)
    writer.add_uint32("imatrix.chunk_size", max(counts.values(), default=1))
    for name in sorted(sums):
        writer.add_tensor(name + SUMS, np.asarray(sums[name], np.float32).reshape(1, -1))
        writer.add_tensor(name + COUNTS, np.array([[counts[name]]], np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def without_matrix(matrix: ImportanceMatrix, header: GgufHeader) -> tuple[str, ...]:
    """Weights of the model's blocks that the matrix says nothing about: they are quantised as if
    there were none."""
    weights = (name for name, tensor in header.tensors.items() if len(tensor.shape) > 1)
    return tuple(n for n in weights if n.startswith(BLOCK) and n not in matrix.values)


def check_matrix(path: Path, matrix: ImportanceMatrix, header: GgufHeader) -> None:
    """Raise a HarnessError unless the matrix is one of this model's weights.

    Args:
        header: of the unquantised file.
    """
    known = {name: tensor for name, tensor in header.tensors.items() if name in matrix.values}
    if not known:
        named = excerpt(next(iter(matrix.values)))
        raise HarnessError(f"--imatrix {path}: is of another model, which has {named}")
    for name, tensor in known.items():
        columns = tensor.shape[-1] * (tensor.shape[0] if len(tensor.shape) == 3 else 1)
        if matrix.values[name].size != columns:
            raise HarnessError(
                f"--imatrix {path}: is of another model, its {excerpt(name)} has "
                f"{matrix.values[name].size:,} columns, this one's {columns:,}"
            )
