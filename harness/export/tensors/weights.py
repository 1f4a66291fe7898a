"""All weights of a model's folder, whichever files they are spread over."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from harness.core.errors import HarnessError
from harness.core.printable import printable
from harness.export.tensors.safetensors_file import Array, StoredTensor, tensors_of

ONE_FILE = "model.safetensors"
INDEX = "model.safetensors.index.json"


class TensorReader(Protocol):
    """Tensors by name, read one at a time."""

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]: ...

    def dtype(self, name: str) -> str:
        """``F32``, ``F16`` or ``BF16``: the format ``read`` gives."""
        ...

    def read(self, name: str) -> Array: ...


class StoredWeights:
    """The weights as they lie in the folder's safetensors files.

    Raises:
        HarnessError: there are none, a shard is missing, or a file is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tensors = _tensors(folder)
        self.shapes: Mapping[str, tuple[int, ...]] = {
            name: tensor.shape for name, tensor in self.tensors.items()
        }

    def dtype(self, name: str) -> str:
        """Raises HarnessError where the tensor is no floating one."""
        self.tensors[name].check_floating()
        dtype = self.tensors[name].dtype
        return "F32" if dtype == "F64" else dtype

    def read(self, name: str) -> Array:
        values = self.tensors[name].read()
        return values.astype(np.float32) if values.dtype == np.float64 else values

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys(tensor.file for tensor in self.tensors.values()))

    @property
    def main_dtype(self) -> str:
        """The format that most of the weights are stored in."""
        sizes: dict[str, int] = {}
        for name, tensor in self.tensors.items():
            dtype = self.dtype(name)
            sizes[dtype] = sizes.get(dtype, 0) + tensor.elements
        return max(sizes, key=lambda dtype: sizes[dtype])


def _tensors(folder: Path) -> dict[str, StoredTensor]:
    if (folder / ONE_FILE).is_file():
        return tensors_of(folder / ONE_FILE)
    if (folder / INDEX).is_file():
        return _sharded(folder)
    raise HarnessError(
        f"{folder}: has no {ONE_FILE}; weights in another format are not exported: load the model "
        "with transformers and save it again"
    )


def _sharded(folder: Path) -> dict[str, StoredTensor]:
    index = folder / INDEX
    try:
        places = json.loads(index.read_text("utf-8"))["weight_map"]
        shards = dict.fromkeys(places.values())
        named = all(isinstance(s, str) and Path(s).name == s for s in shards)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        named = False
    if not named:
        raise HarnessError(f"{index}: cannot be read, copy the model again")
    missing = [shard for shard in shards if not (folder / shard).is_file()]
    if missing:
        raise HarnessError(
            f"{folder}: lacks {printable(missing[0])}, which {INDEX} names ({len(missing)} of "
            f"{len(shards)} files are missing): copy the model again"
        )
    tensors: dict[str, StoredTensor] = {}
    for shard in shards:
        tensors.update(tensors_of(folder / shard))
    lost = [name for name in places if name not in tensors]
    if lost:
        shard, name = printable(places[lost[0]]), printable(lost[0])
        raise HarnessError(f"{folder}: {shard} lacks {name}, which {INDEX} names")
    return tensors
