"""The tensors of ``.safetensors`` files, read one at a time into numpy without mapping the file.

bfloat16, which numpy does not have, stays what is stored: ``uint16``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import HarnessError
from harness.core.printable import printable
from harness.model_files.safetensors_header import Tensor
from harness.model_files.weights import WeightHeaders

Array = NDArray[Any]

STORAGE: dict[str, str] = {"F32": "<f4", "F16": "<f2", "BF16": "<u2", "F64": "<f8"}
"""Storage of each floating dtype; no exported weight has another dtype."""


def tensors_in(headers: WeightHeaders, folder: Path) -> Mapping[str, Tensor]:
    """Every tensor of a folder's files, by name.

    Raises:
        HarnessError: a file or a shard is missing or damaged: a line for each.
    """
    found = [f"{folder}/{printable(str(f))}" for f in headers.findings if f.is_unopenable]
    if found:
        raise HarnessError(*found)
    return headers.tensors


def check_floating(tensor: Tensor) -> None:
    """Raise a HarnessError unless the tensor is of one of the dtypes in ``STORAGE``."""
    if tensor.dtype not in STORAGE:
        raise HarnessError(
            f"{tensor.file}: {printable(tensor.name)} is stored as {tensor.dtype}, only floating "
            "weights can be exported: save the model unquantised"
        )


def read_tensor(tensor: Tensor) -> Array:
    """The tensor as it is stored: bfloat16 comes as ``uint16``.

    Raises:
        HarnessError: it is no floating tensor, or the file has become shorter.
    """
    check_floating(tensor)
    with tensor.file.open("rb") as file:
        file.seek(tensor.start)
        data = np.fromfile(file, dtype=STORAGE[tensor.dtype], count=tensor.numel)
    if data.size != tensor.numel:
        raise HarnessError(
            f"{tensor.file}: ends within {printable(tensor.name)}, copy the file again"
        )
    return data.reshape(tensor.shape)
