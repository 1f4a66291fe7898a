"""All weights of a model's folder, over all its files."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from harness.core.errors import HarnessError
from harness.export.tensors.safetensors_file import Array, check_floating, read_tensor, tensors_in
from harness.model_files.weights import SINGLE, embedding_of, folder_weights

HEAD = "lm_head.weight"
"""The output projection's name in transformers' classes."""


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
        self.tensors = tensors_in(folder_weights(folder), folder)
        if not self.tensors:
            raise HarnessError(
                f"{folder}: has no {SINGLE}; weights in another format are not exported: load the "
                "model with transformers and save it again"
            )
        self.shapes: Mapping[str, tuple[int, ...]] = {
            name: tensor.shape for name, tensor in self.tensors.items()
        }

    def dtype(self, name: str) -> str:
        """Raises HarnessError where the tensor is no floating one."""
        check_floating(self.tensors[name])
        dtype = self.tensors[name].dtype
        return "F32" if dtype == "F64" else dtype

    def read(self, name: str) -> Array:
        values = read_tensor(self.tensors[name])
        return values.astype(np.float32) if values.dtype == np.float64 else values

    @property
    def numel(self) -> int:
        return sum(tensor.numel for tensor in self.tensors.values())

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys(tensor.file for tensor in self.tensors.values()))

    @property
    def main_dtype(self) -> str:
        """The format that most of the weights are stored in."""
        sizes = Counter[str]()
        for name, tensor in self.tensors.items():
            sizes[self.dtype(name)] += tensor.numel
        return sizes.most_common(1)[0][0]

    @property
    def has_own_head(self) -> bool:
        """True for a stored head other than the embedding. transformers uses it whatever the
        configuration says of tied embeddings; a head that is not stored is the embedding."""
        embedding = embedding_of(self.tensors)
        if HEAD not in self.tensors or embedding is None:
            return HEAD in self.tensors
        if self.shapes[HEAD] != embedding.shape or self.dtype(HEAD) != self.dtype(embedding.name):
            return True
        return not np.array_equal(self.read(HEAD), self.read(embedding.name))
