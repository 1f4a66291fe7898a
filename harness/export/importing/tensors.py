"""Maps the tensors of a GGUF file to the weights of a transformers model, and reads them.

Quantised tensors are dequantised by the official ``gguf`` package, one at a time.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType
from gguf.quants import dequantize

from harness.core.errors import HarnessError
from harness.core.printable import excerpt
from harness.export.gguf.architecture import Architecture
from harness.export.gguf.layout import Layout
from harness.export.gguf.tensor_plan import Names
from harness.export.tensors.dtypes import STORED_AS, converted, from_float32, to_float32
from harness.export.tensors.model_config import ModelConfig
from harness.export.tensors.safetensors_file import Array
from harness.model_files.gguf_header import GgufHeader, GgufTensor

ROPE_FACTORS = "rope_freqs.weight"
"""Llama 3's scaling of the rope: constants, which transformers computes."""


@dataclass(frozen=True, slots=True)
class ImportedTensor:
    """One weight and the tensor of the file that holds it."""

    weight: str
    """Name in transformers."""
    name: str
    """Name in GGUF."""
    stored: GgufTensor
    layout: Layout

    @property
    def shape(self) -> tuple[int, ...]:
        """In transformers."""
        return self.layout.shape(self.stored.shape)


def imported_tensors(
    file: Path, header: GgufHeader, config: ModelConfig, architecture: Architecture
) -> tuple[ImportedTensor, ...]:
    """Every weight of the model, in its own order.

    Raises:
        HarnessError: the file lacks a weight, or holds a tensor that the architecture does not
            have.
    """
    weights = _weights_by_name(config, architecture)
    for name in header.tensors:
        if name not in weights and name != ROPE_FACTORS:
            raise HarnessError(
                f"{file}: its tensor {excerpt(name)!r} is no weight of a {config.architecture}, "
                "so that transformers has no place for it"
            )
    return tuple(
        ImportedTensor(weight, name, header.tensors[name], architecture.layout(config, weight))
        for name, weight in weights.items()
        if name in header.tensors or _require_optional(file, name, weight, architecture)
    )


def _weights_by_name(config: ModelConfig, architecture: Architecture) -> dict[str, str]:
    """transformers' names by GGUF's: the required weights, the head, and a bias for each."""
    names = Names(config, architecture)
    blocks = [architecture.BLOCK.format(i) for i in range(architecture.blocks(config))]
    required = [
        *architecture.OUTSIDE_BLOCKS,
        *(f"{block}{name}" for block in blocks for name in architecture.IN_EVERY_BLOCK),
        architecture.HEAD,
    ]
    biases = [f"{n.removesuffix('.weight')}.bias" for n in required if n.endswith(".weight")]
    return {found: n for n in (*required, *biases) if (found := names.gguf(n)) is not None}


def _require_optional(file: Path, name: str, weight: str, architecture: Architecture) -> bool:
    is_required = weight in architecture.OUTSIDE_BLOCKS or weight.endswith(
        tuple(f".{part}" for part in architecture.IN_EVERY_BLOCK)
    )
    if is_required:
        raise HarnessError(f"{file}: lacks {name}, without which it is no whole model")
    return False


def read_tensor(file: Path, name: str, tensor: GgufTensor) -> Array:
    """The values: float16 and bfloat16 as they are stored (``STORED_AS``), all others in float32.

    Raises:
        HarnessError: the type is unknown to the ``gguf`` package, or the file became shorter.
    """
    size = tensor.size_bytes or 0
    data = np.fromfile(file, np.uint8, size, offset=tensor.start)
    if data.size != size:
        raise HarnessError(f"{file} was replaced while it was imported, run it again")
    if tensor.type in STORED_AS:
        return data.view(STORED_AS[tensor.type]).reshape(tensor.shape)
    try:
        rows = data.reshape(*tensor.shape[:-1], -1)
        values: Array = dequantize(rows, GGMLQuantizationType[tensor.type])
        return values.reshape(tensor.shape)
    except (KeyError, NotImplementedError):
        raise HarnessError(
            f"{file}: {excerpt(name)} is of type {tensor.type}, which the gguf package cannot "
            "dequantise"
        ) from None


def held_dtype(file: Path, tensors: tuple[ImportedTensor, ...]) -> str:
    """The narrowest of ``STORED_AS`` that holds every value of the file as it is.

    It is that of the matrices, unless a vector, which GGUF keeps in float32, has values between.
    """
    kinds = {t.stored.type for t in tensors if len(t.shape) > 1 and t.stored.type != "F32"}
    kind = kinds.pop() if len(kinds) == 1 else "F32"
    if kind not in STORED_AS:
        return "F32"
    others = (t for t in tensors if t.stored.type != kind)
    return kind if all(_fits(read_tensor(file, t.name, t.stored), kind) for t in others) else "F32"


def _fits(values: Array, dtype: str) -> bool:
    try:
        return np.array_equal(to_float32(from_float32(values, dtype, ""), dtype), values)
    except HarnessError:
        return False


def weights(file: Path, tensors: tuple[ImportedTensor, ...], dtype: str) -> Iterator[Array]:
    """The weights in order, in a dtype of ``STORED_AS``.

    Raises:
        HarnessError: as for ``read_tensor``, or a value does not fit into the dtype.
    """
    for tensor in tensors:
        values = tensor.layout.to_weight(read_tensor(file, tensor.name, tensor.stored))
        stored = tensor.stored.type if tensor.stored.type in STORED_AS else "F32"
        yield converted(values, stored, dtype, tensor.weight)


def quantized_types(tensors: Mapping[str, GgufTensor]) -> dict[str, int]:
    """Number of quantised tensors by type, the commonest first."""
    kinds = (t.type.lower() for t in tensors.values() if t.type not in STORED_AS)
    return dict(Counter(kinds).most_common())
