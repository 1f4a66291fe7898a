"""Merges a plain LoRA into its base in float32, one tensor at a time.

The result is bit-identical to ``peft``'s ``merge_and_unload`` on a float32 base: the same product
by torch, the same order of operations.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from harness.core.errors import HarnessError
from harness.export.merging.adapter import Adapter, Pair
from harness.export.tensors.dtypes import to_float32
from harness.export.tensors.model_config import ModelConfig
from harness.export.tensors.safetensors_file import Array, read_tensor
from harness.export.tensors.weights import HEAD, StoredWeights


class MergedWeights:
    """The base's tensors; those with a pair of the adapter are merged, in float32.

    Raises:
        HarnessError: a pair matches no weight of the base, or has another shape.
    """

    def __init__(self, base: StoredWeights, adapter: Adapter, config: ModelConfig) -> None:
        self.base = base
        self.folder: Path = base.folder
        self.shapes: Mapping[str, tuple[int, ...]] = base.shapes
        # GPT-2's Conv1D stores (in, out), whatever an adapter's configuration says.
        self.is_transposed = adapter.is_fan_in_fan_out or config.values.get("model_type") == "gpt2"
        self.pairs = {_target(base, adapter, pair): pair for pair in adapter.pairs}
        for name, pair in self.pairs.items():
            self._check(adapter, name, pair)

    def dtype(self, name: str) -> str:
        return "F32" if name in self.pairs else self.base.dtype(name)

    def read(self, name: str) -> Array:
        weight = self.base.read(name)
        pair = self.pairs.get(name)
        if pair is None:
            return weight
        merged = to_float32(weight, self.base.dtype(name))
        return merged + self._update(name, pair)

    def _update(self, name: str, pair: Pair) -> Array:
        import torch

        a, b = (
            torch.from_numpy(np.ascontiguousarray(to_float32(read_tensor(t), t.dtype)))
            for t in (pair.a, pair.b)
        )
        with torch.inference_mode():
            product = b @ a
            turned = product.T if self._is_transposed(name) else product
            update: Array = (turned * pair.scaling).numpy()
        return update

    def _is_transposed(self, name: str) -> bool:
        return self.is_transposed and name != HEAD

    def _check(self, adapter: Adapter, name: str, pair: Pair) -> None:
        update = (pair.b.shape[0], pair.a.shape[1])
        if self._is_transposed(name):
            update = update[::-1]
        if self.shapes[name] != update:
            raise HarnessError(
                f"{adapter.folder}: its update of {pair.module} has shape {update}, the base's "
                f"weight {self.shapes[name]}: name the adapter's own base with +base="
            )


def _target(base: StoredWeights, adapter: Adapter, pair: Pair) -> str:
    """The name of the base's weight of a pair; checkpoints may omit the first part."""
    full = f"{pair.module}.weight"
    for name in (full, full.partition(".")[2]):
        if name in base.shapes:
            return name
    raise HarnessError(
        f"{adapter.folder}: updates {pair.module}, which {base.folder} does not have: name the "
        "adapter's own base with +base="
    )
