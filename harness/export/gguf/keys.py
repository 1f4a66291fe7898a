"""Typed access to the metadata of a GGUF file, with one-line errors for missing or wrong values.

It remembers which keys were read, so that an import can name those that it leaves behind.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from harness.core.errors import HarnessError
from harness.core.printable import excerpt
from harness.model_files.gguf_header import GgufHeader


class GgufKeys:
    """The metadata of ``file``; names without a dot-separated head are the architecture's own."""

    def __init__(self, file: Path, header: GgufHeader) -> None:
        self.file, self.header = file, header
        self.architecture = header.architecture
        self._read = {"general.architecture", "general.alignment", "general.file_type"}

    def has(self, name: str) -> bool:
        return f"{self.architecture}.{name}" in self.header.metadata

    def whole(self, name: str, default: int | None = None) -> int:
        value = self._own(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 31:
            raise self.refuse(name, f"is {excerpt(str(value))}, expected a whole number")
        return value

    def number(self, name: str, default: float | None = None) -> float:
        """A number, as the shortest text of its float32: 1e-05, not 9.999999747378752e-06."""
        value = self._own(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refuse(name, f"is {excerpt(str(value))}, expected a number")
        with np.errstate(over="ignore"):
            number = np.float32(value)
        if not np.isfinite(number):
            raise self.refuse(name, f"is {value}, expected a finite number")
        return float(str(number))

    def text(self, name: str, default: str) -> str:
        value = self._own(name, default)
        if not isinstance(value, str):
            raise self.refuse(name, f"is {excerpt(str(value))}, expected a text")
        return value

    def value(self, key: str) -> Any:
        """The value of a whole key of any type; ``None`` where it is missing."""
        self._read.add(key)
        return self.header.metadata.get(key)

    def unread(self) -> Iterator[str]:
        """Keys of the file that nobody asked for."""
        return (key for key in self.header.metadata if key not in self._read)

    def refuse(self, name: str, reason: str) -> HarnessError:
        return HarnessError(f"{self.file}: {self.architecture}.{name} {reason}")

    def _own(self, name: str, default: object) -> object:
        key = f"{self.architecture}.{name}"
        value = self.value(key)
        if value is not None:
            return value
        if default is None:
            raise HarnessError(f"{self.file}: lacks {key}, without which it is no whole model")
        return default
