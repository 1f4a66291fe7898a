"""Layouts that convert a weight from transformers' axes to GGUF's, and back.

A layout is applied to a whole weight, or to the B of a LoRA pair over it: the update of a weight is
B @ A, so reordering the weight's rows means reordering the rows of B.
"""

from dataclasses import dataclass

import numpy as np

from harness.export.tensors.safetensors_file import Array


@dataclass(frozen=True, slots=True)
class Layout:
    """The same in both; a layout that differs overrides what changes."""

    def of_weight(self, weight: Array) -> Array:
        """Convert a stored weight or bias to GGUF's; a view where possible."""
        return weight

    def to_weight(self, stored: Array) -> Array:
        """The inverse of ``of_weight``."""
        return stored

    def shape(self, stored: tuple[int, ...]) -> tuple[int, ...]:
        """The shape in GGUF of a stored shape, both with the slowest axis first."""
        return stored

    def of_lora_b(self, lora_b: Array) -> Array:
        """Convert B, of shape (rows of the GGUF weight, rank), to GGUF's."""
        return lora_b


@dataclass(frozen=True, slots=True)
class Transposed(Layout):
    """GPT-2's ``Conv1D`` stores (in, out), GGUF (out, in).

    peft stores A and B of such a layer as for a Linear layer, (r, in) and (out, r), so the pair
    needs no change.
    """

    def of_weight(self, weight: Array) -> Array:
        return weight.T

    def to_weight(self, stored: Array) -> Array:
        return stored.T

    def shape(self, stored: tuple[int, ...]) -> tuple[int, ...]:
        return stored[::-1]


@dataclass(frozen=True, slots=True)
class RopePairs(Layout):
    """Reorders the rows of each head for rope over adjacent pairs, as llama.cpp's llama does it.

    transformers rotates row i with row i + head_dim / 2, llama.cpp row 2i with row 2i + 1.
    """

    heads: int

    def of_weight(self, weight: Array) -> Array:
        halves = weight.reshape(self.heads, 2, -1, *weight.shape[1:])
        return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(weight.shape)

    def to_weight(self, stored: Array) -> Array:
        pairs = stored.reshape(self.heads, -1, 2, *stored.shape[1:])
        return np.ascontiguousarray(pairs.swapaxes(1, 2)).reshape(stored.shape)

    def of_lora_b(self, lora_b: Array) -> Array:
        return self.of_weight(lora_b)
