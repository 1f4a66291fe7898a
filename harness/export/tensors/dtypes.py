"""Converts stored number formats to float32, and float32 to the formats of a GGUF file.

Tensors are converted in blocks of rows, so that no second whole copy is needed.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.core.errors import HarnessError
from harness.export.tensors.safetensors_file import STORAGE, Array

SLAB_NUMEL = 1 << 22
"""Weights converted at a time: 16 MB of float32."""
STORED_AS: dict[str, np.dtype[Any]] = {n: np.dtype(STORAGE[n]) for n in ("F32", "F16", "BF16")}
"""numpy's dtype for each format; bfloat16 is held as its bits."""


def to_float32(values: Array, dtype: str) -> Array:
    """Stored values of ``dtype`` as float32; exact, except for float64."""
    if dtype == "BF16":
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values.astype(np.float32, copy=False)


def from_float32(values: Array, dtype: str, name: str) -> Array:
    """Float32 values in another format, rounded to the nearest, ties to even.

    Raises:
        HarnessError: a value does not fit into float16.
    """
    if dtype == "BF16":
        return _bfloat16(values)
    if dtype == "F16":
        try:
            with np.errstate(over="raise"):
                return values.astype(np.float16)
        except FloatingPointError:
            raise HarnessError(
                f"{name}: holds values beyond float16's 65,504, take bf16 or f32 instead of f16"
            ) from None
    return values.astype(np.float32, copy=False)


def _bfloat16(values: Array) -> Array:
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    # Adding could turn a NaN into an infinity: a quiet NaN of the same sign stays one.
    is_nan = (bits & 0x7FFFFFFF) > 0x7F800000
    return np.where(is_nan, (bits >> 16) | 0x40, rounded).astype(np.uint16)


def converted(values: Array, stored: str, wanted: str, name: str) -> Array:
    """``values`` of format ``stored`` in format ``wanted``, C-contiguous.

    Raises:
        HarnessError: a value does not fit into ``wanted``.
    """
    if stored == wanted:
        return np.ascontiguousarray(values)
    target = np.empty(values.shape, STORED_AS[wanted])
    for rows in _slabs(values):
        target[rows] = from_float32(to_float32(values[rows], stored), wanted, name)
    return target


def _slabs(values: Array) -> Iterator[slice]:
    step = max(1, SLAB_NUMEL // max(1, values.size // max(1, len(values))))
    for start in range(0, len(values), step):
        yield slice(start, start + step)
