"""One ``.safetensors`` file, read a tensor at a time into numpy, without mapping it into memory.

bfloat16, which numpy does not have, stays what is stored: ``uint16``.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import HarnessError
from harness.files.strict_json import UnreadableFile
from harness.model_files.safetensors_header import read_header

Array = NDArray[Any]

STORAGE: dict[str, str] = {"F32": "<f4", "F16": "<f2", "BF16": "<u2", "F64": "<f8"}
"""What a floating dtype is stored as; other dtypes are carried by no weight that is exported."""


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
    try:
        header = read_header(file)
    except UnreadableFile as error:
        raise HarnessError(f"{file}: {error}: copy the file again") from None
    return {
        name: StoredTensor(name, file, t.dtype, t.shape, t.start, t.size_bytes)
        for name, t in header.items()
    }
