"""Reads and checks the header of a safetensors file: names, types, shapes, extent of the data.

The format: eight bytes with the header's length (little endian), the header as a JSON object, then
the tensors' bytes without gaps (https://huggingface.co/docs/safetensors).
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.files.strict_json import UnreadableFile, parse_object

MAX_HEADER_BYTES = 100_000_000
"""The format's own limit."""
DTYPE_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "I64": 64, "U64": 64, "F64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a file."""

    name: str
    file: Path
    dtype: str
    """In the format's spelling: ``BF16``."""
    shape: tuple[int, ...]
    start: int
    """Offset of the first byte in the file."""
    size_bytes: int

    @property
    def numel(self) -> int:
        return math.prod(self.shape)


def read_header(path: Path) -> Mapping[str, Tensor]:
    """Every tensor of the file, by name.

    Raises:
        UnreadableFile: it cannot be read, is no safetensors file, or was cut short.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(8)
            if len(head) < 8:
                raise UnreadableFile(f"was cut short: it holds {size} bytes")
            (length,) = struct.unpack("<Q", head)
            if length > MAX_HEADER_BYTES:
                raise UnreadableFile(
                    f"is no safetensors file: its header would be {length:,} bytes"
                )
            if 8 + length > size:
                raise UnreadableFile(
                    f"was cut short: its header needs {8 + length:,} bytes, it holds {size:,}"
                )
            header = parse_object(file.read(length))
    except OSError as error:
        raise UnreadableFile(f"cannot be read ({error.strerror})") from None
    header.pop("__metadata__", None)
    tensors = {name: _tensor(path, name, raw, 8 + length) for name, raw in header.items()}
    _check_extent(tensors, 8 + length, size)
    return tensors


def _tensor(file: Path, name: str, raw: Any, offset: int) -> Tensor:
    shown = name[:80]
    try:
        dtype, shape, (begin, end) = raw["dtype"], tuple(raw["shape"]), raw["data_offsets"]
    except (KeyError, TypeError, ValueError):
        raise UnreadableFile(
            f"describes the tensor {shown!r} without type, shape and place"
        ) from None
    if not isinstance(dtype, str) or dtype not in DTYPE_BITS:
        raise UnreadableFile(f"gives the tensor {shown!r} the unknown type {str(dtype)[:20]!r}")
    if not all(_is_count(n) for n in (*shape, begin, end)) or end < begin:
        raise UnreadableFile(f"gives the tensor {shown!r} a shape or place that is no count")
    if math.prod(shape) * DTYPE_BITS[dtype] != (end - begin) * 8:
        raise UnreadableFile(f"gives the tensor {shown!r} {end - begin:,} bytes, not its shape's")
    return Tensor(name, file, dtype, shape, offset + begin, end - begin)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def _check_extent(tensors: Mapping[str, Tensor], start: int, size: int) -> None:
    """The tensors stand one after the other from ``start`` to the file's end."""
    at = start
    for name, tensor in sorted(tensors.items(), key=lambda item: (item[1].start, item[0])):
        if tensor.start != at and tensor.size_bytes:
            raise UnreadableFile(
                f"leaves a gap before the tensor {name[:80]!r}, or lays it over another"
            )
        at = max(at, tensor.start + tensor.size_bytes)
    if at > size:
        raise UnreadableFile(f"was cut short: its tensors need {at:,} bytes, it holds {size:,}")
    if at < size:
        raise UnreadableFile(f"goes on after its last tensor, for {size - at:,} bytes")
