"""Writes a ``.safetensors`` file a tensor at a time, for tensors that are not all in memory."""

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.export.tensors.dtypes import STORED_AS
from harness.export.tensors.safetensors_file import Array

ALIGNMENT = 8
"""The header is padded by blanks so that the data begins at a multiple of this."""


def write_safetensors(
    path: Path, shapes: Mapping[str, tuple[int, ...]], dtype: str, values: Iterable[Array]
) -> None:
    """Write tensors that are all of one dtype.

    Args:
        shapes: by name, in the order in which ``values`` come.
        dtype: ``F32``, ``F16`` or ``BF16``.
        values: as ``STORED_AS`` keeps the dtype.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("wb") as file:
        file.write(header_bytes(shapes, dtype))
        for (name, shape), array in zip(shapes.items(), values, strict=True):
            assert (array.shape, array.dtype) == (shape, STORED_AS[dtype]), name
            array.tofile(file)


def header_bytes(shapes: Mapping[str, tuple[int, ...]], dtype: str) -> bytes:
    """The header of a file of tensors that follow one another, with its length before it."""
    width = STORED_AS[dtype].itemsize
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, shape in shapes.items():
        end = offset + math.prod(shape) * width
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    return len(text).to_bytes(8, "little") + text
