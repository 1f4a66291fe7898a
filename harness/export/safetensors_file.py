"""One ``.safetensors`` file, read a tensor at a time into numpy, without mapping it into memory.

The file is somebody else's: its header is checked before anything is believed, so that a truncated
or invented file is one line and not a crash. bfloat16, which numpy does not have, stays what is
stored: ``uint16``. Format: https://github.com/huggingface/safetensors#format.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import HarnessError

Array = NDArray[Any]

STORAGE: dict[str, str] = {"F32": "<f4", "F16": "<f2", "BF16": "<u2", "F64": "<f8"}
"""What a floating dtype is stored as; other dtypes are carried by no weight that is exported."""
BYTES_WIDE = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "I16": 2, "U16": 2, "F16": 2,
    "BF16": 2, "I32": 4, "U32": 4, "F32": 4, "F64": 8, "I64": 8, "U64": 8,
}  # fmt: skip
MOST_HEADER_BYTES = 100_000_000
"""The format's own limit."""


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Where a tensor lies."""

    name: str
    file: Path
    dtype: str
    """As safetensors names it: ``BF16``."""
    shape: tuple[int, ...]
    offset: int
    """Bytes from the beginning of the file."""
    size: int
    """Bytes."""

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    def check_floating(self) -> None:
        """Raise a HarnessError unless it is of one of the dtypes in ``STORAGE``."""
        if self.dtype not in STORAGE:
            raise HarnessError(
                f"{self.file}: {self.name} is stored as {self.dtype}, only floating weights can be "
                "exported: save the model unquantised"
            )

    def read(self) -> Array:
        """The tensor as it is stored: bfloat16 comes as ``uint16``.

        Raises:
            HarnessError: it is no floating tensor, or the file has become shorter.
        """
        self.check_floating()
        with self.file.open("rb") as file:
            file.seek(self.offset)
            data = np.fromfile(file, dtype=STORAGE[self.dtype], count=self.elements)
        if data.size != self.elements:
            raise HarnessError(f"{self.file}: ends within {self.name}, copy the file again")
        return data.reshape(self.shape)


def tensors_of(file: Path) -> dict[str, StoredTensor]:
    """Every tensor of the file, by name, in the file's order.

    Raises:
        HarnessError: the file is no safetensors file, or its data is cut off.
    """
    header, start, size = _header(file)
    tensors = {
        name: _entry(name, entry, file, start)
        for name, entry in header.items()
        if name != "__metadata__"
    }
    for tensor in tensors.values():
        if tensor.offset + tensor.size > size:
            raise HarnessError(
                f"{file}: is cut off, {tensor.name} ends at byte {tensor.offset + tensor.size:,} "
                f"of {size:,}: copy the file again"
            )
    return tensors


def _header(file: Path) -> tuple[dict[str, Any], int, int]:
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if size < 8 or not 2 <= length <= min(MOST_HEADER_BYTES, size - 8):
                raise HarnessError(f"{file}: is no whole safetensors file: copy it again")
            header = json.loads(stream.read(length))
    except OSError as error:
        raise HarnessError(f"{file}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise HarnessError(f"{file}: is no safetensors file, its header is no JSON") from None
    if not isinstance(header, dict):
        raise HarnessError(f"{file}: is no safetensors file, its header is no JSON object")
    return header, 8 + length, size


def _entry(name: str, entry: Any, file: Path, start: int) -> StoredTensor:
    try:
        dtype, shape = entry["dtype"], tuple(entry["shape"])
        begin, end = entry["data_offsets"]
        sound = (
            name.isprintable()
            and all(isinstance(n, int) and n >= 0 for n in (*shape, begin, end))
            and end - begin == math.prod(shape) * BYTES_WIDE[dtype]
        )
    except (KeyError, TypeError, ValueError):
        sound = False
    if not sound:
        raise HarnessError(f"{file}: its header contradicts itself about {name!r:.80}")
    return StoredTensor(name, file, dtype, shape, start + begin, end - begin)
