"""Removes copies of the base's weights that peft saves with a LoRA over head or embedding.

They equal the base's weights unless the vocabulary was extended or they were trained.
"""

from dataclasses import replace

import numpy as np

from harness.export.merging.adapter import Adapter
from harness.export.tensors.dtypes import to_float32
from harness.export.tensors.safetensors_file import read_tensor
from harness.export.tensors.weights import StoredWeights
from harness.model_files.adapter_names import PREFIX
from harness.model_files.safetensors_header import Tensor

MARK = ".base_layer."


def without_base_copies(adapter: Adapter, base: StoredWeights) -> Adapter:
    """The adapter without the tensors that repeat the base's."""
    kept = tuple(tensor for tensor in adapter.others if not _repeats(tensor, base))
    return replace(adapter, others=kept)


def _repeats(tensor: Tensor, base: StoredWeights) -> bool:
    name = tensor.name.removeprefix(PREFIX).replace(MARK, ".")
    if MARK not in tensor.name or base.shapes.get(name) != tensor.shape:
        return False
    values = to_float32(base.read(name), base.dtype(name))
    return np.array_equal(to_float32(read_tensor(tensor), tensor.dtype), values)
