"""Reads a GGUF file's metadata and list of tensors, without numpy or llama.cpp.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Every length in the file is
checked against the file's size before anything is read by it.
"""

import math
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError

CHAT_TEMPLATE_KEY = "tokenizer.chat_template"
TOOL_TEMPLATE_KEY = f"{CHAT_TEMPLATE_KEY}.tool_use"
"""The template for prompts with tools, where a model has one of its own for them."""
"""The key of the chat template."""
MAGIC = b"GGUF"
VERSIONS = (2, 3)
MAX_DEPTH = 4
"""Arrays of arrays are allowed, and nobody writes them."""
MAX_DIMENSIONS = 4
DEFAULT_ALIGNMENT = 32
_SCALARS = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q",
    12: "<d",
}  # fmt: skip
_STRING, _ARRAY = 8, 9
_BLOCKS = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 40),
    10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292), 16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136), 24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4),
    27: ("I64", 1, 8), 28: ("F64", 1, 8), 29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66), 39: ("MXFP4", 32, 17), 40: ("NVFP4", 64, 36),
    41: ("Q1_0", 128, 18),
}  # fmt: skip
"""By ggml's number: the name, weights to a block, bytes to a block."""
FILE_TYPES = {
    0: "f32", 1: "f16", 2: "q4_0", 3: "q4_1", 7: "q8_0", 8: "q5_0", 9: "q5_1", 10: "q2_k",
    11: "q3_k_s", 12: "q3_k_m", 13: "q3_k_l", 14: "q4_k_s", 15: "q4_k_m", 16: "q5_k_s",
    17: "q5_k_m", 18: "q6_k", 19: "iq2_xxs", 20: "iq2_xs", 21: "q2_k_s", 22: "iq3_xs",
    23: "iq3_xxs", 24: "iq1_s", 25: "iq4_nl", 26: "iq3_s", 27: "iq3_m", 28: "iq2_s", 29: "iq2_m",
    30: "iq4_xs", 31: "iq1_m", 32: "bf16", 36: "tq1_0", 37: "tq2_0", 38: "mxfp4_moe",
    39: "nvfp4", 40: "q1_0",
}  # fmt: skip
"""``general.file_type`` by llama.cpp's number, as people write it."""


class DamagedGguf(HarnessError):
    """The file is no whole GGUF file; the message says why, in one line, without its name."""


@dataclass(frozen=True, slots=True)
class GgufTensor:
    """Type, shape and size of one tensor."""

    type: str
    """``Q4_K``, ``F32``; ``type 99`` where it is unknown."""
    shape: tuple[int, ...]
    """Rows before columns, as torch writes it: the file has it the other way round."""
    size_bytes: int | None
    """``None`` where the type is unknown."""
    start: int
    """Offset of the first byte in the file."""

    @property
    def numel(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """Everything but the weights."""

    metadata: Mapping[str, Any]
    """Numbers, texts, booleans and lists of them. A text that is no UTF-8 holds surrogates."""
    tensors: Mapping[str, GgufTensor]
    size_bytes: int
    """Bytes of the whole file."""

    @property
    def architecture(self) -> str:
        return self.text("general.architecture") or ""

    @property
    def file_type(self) -> str:
        """``q4_k_m``; nothing where the file does not say or the number is unknown."""
        number = self.metadata.get("general.file_type")
        return FILE_TYPES.get(number, "") if isinstance(number, int) else ""

    def text(self, key: str) -> str | None:
        value = self.metadata.get(key)
        return value if isinstance(value, str) else None

    def count(self, key: str) -> int | None:
        """A whole number from 0, or ``None``."""
        value = self.metadata.get(key)
        is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        return value if is_count else None


def read_gguf_header(path: Path) -> GgufHeader:
    """Read and check the beginning of the file, and that it holds all of its tensors.

    Raises:
        DamagedGguf: it cannot be read, is no GGUF, of an unknown version, or was cut short.
    """
    try:
        size = path.stat().st_size
        if size < 24:
            raise DamagedGguf(f"is no GGUF file: it holds {size} bytes")
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _read(_Cursor(data, size))
    except OSError as error:
        raise DamagedGguf(f"cannot be read ({error.strerror})") from None


def _read(cursor: "_Cursor") -> GgufHeader:
    if (magic := cursor.take(4)) != MAGIC:
        raise DamagedGguf(f"is no GGUF file: it begins with {magic!r}")
    version = cursor.number("<I")
    if version not in VERSIONS:
        raise DamagedGguf(f"is of GGUF version {version}, known are 2 and 3")
    count, pairs = cursor.number("<Q"), cursor.number("<Q")
    # A tensor takes at least 24 bytes and a pair 12: a larger count is a lie.
    cursor.require(count * 24 + pairs * 12)
    metadata = {}
    for _ in range(pairs):
        name = cursor.text()
        metadata[name] = cursor.value(cursor.number("<I"))
    places = [_place(cursor) for _ in range(count)]
    alignment = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or not 0 < alignment <= 1 << 20:
        raise DamagedGguf("has an alignment that is none")
    start = -(-cursor.at // alignment) * alignment
    tensors = [(name, replace(tensor, start=start + tensor.start)) for name, tensor in places]
    _check_extent(tensors, cursor.size)
    return GgufHeader(metadata, dict(tensors), cursor.size)


def _place(cursor: "_Cursor") -> tuple[str, GgufTensor]:
    """Name and place of one tensor, counted from where the tensors begin."""
    name, dimensions = cursor.text(), cursor.number("<I")
    if not 0 < dimensions <= MAX_DIMENSIONS:
        raise DamagedGguf(f"gives the tensor {name[:80]!r} {dimensions} dimensions")
    shape = tuple(cursor.number("<Q") for _ in range(dimensions))
    kind, offset = cursor.number("<I"), cursor.number("<Q")
    label, per_block, block_bytes = _BLOCKS.get(kind, (f"type {kind}", 0, 0))
    count = math.prod(shape)
    size = count // per_block * block_bytes if per_block else None
    if per_block and shape[0] % per_block:
        raise DamagedGguf(f"gives the tensor {name[:80]!r} rows that are no whole blocks")
    return name, GgufTensor(label, shape[::-1], size, offset)


def _check_extent(tensors: list[tuple[str, GgufTensor]], size: int) -> None:
    for name, tensor in tensors:
        end = tensor.start + (tensor.size_bytes or 0)
        if end > size:
            raise DamagedGguf(
                f"was cut short: its tensor {name[:80]!r} ends at byte {end:,}, it holds {size:,}"
            )


class _Cursor:
    """A reading position that advances, and never past the end of the file."""

    def __init__(self, data: mmap.mmap, size: int) -> None:
        self.data = data
        self.size = size
        self.at = 0

    def require(self, count: int) -> None:
        """Raise unless ``count`` bytes are left."""
        if count > self.size - self.at:
            raise DamagedGguf(
                f"was cut short or is damaged: byte {self.at:,} asks for {count:,} more, "
                f"it holds {self.size:,}"
            )

    def take(self, count: int) -> bytes:
        self.require(count)
        taken = self.data[self.at : self.at + count]
        self.at += count
        return taken

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def text(self) -> str:
        return self.take(self.number("<Q")).decode("utf-8", "surrogateescape")

    def value(self, kind: int, depth: int = 0) -> Any:
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == _STRING:
            return self.text()
        if kind != _ARRAY or depth >= MAX_DEPTH:
            raise DamagedGguf(f"holds a value of the unknown type {kind}")
        inner, count = self.number("<I"), self.number("<Q")
        if inner in _SCALARS:
            form = _SCALARS[inner]
            self.require(count * struct.calcsize(form))
            taken = self.take(count * struct.calcsize(form))
            return list(struct.unpack(f"<{count}{form[1:]}", taken))
        # A text takes at least its length, an array its type and length.
        self.require(count * 8)
        return [self.value(inner, depth + 1) for _ in range(count)]
