"""How a weight's axes are laid out in GGUF, against how transformers stores them.

A layout is applied to a whole weight, or to the B of a LoRA pair over it: the update of a weight is
B @ A, so that what reorders the weight's rows reorders B's.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from harness.export.tensors.safetensors_file import Array


class Layout(Protocol):
    def of_weight(self, weight: Array) -> Array:
        """Of the stored weight (or bias) the one that GGUF holds; a view where that will do."""
        ...

    def shape(self, stored: tuple[int, ...]) -> tuple[int, ...]:
        """The shape in GGUF of what is stored in this one, both with the slowest axis first."""
        ...

    def of_lora_b(self, lora_b: Array) -> Array:
        """Of B, shape (rows of the GGUF weight, rank), the one that GGUF holds."""
        ...


@dataclass(frozen=True, slots=True)
class AsStored:
    """The same in both."""

    def of_weight(self, weight: Array) -> Array:
        return weight

    def shape(self, stored: tuple[int, ...]) -> tuple[int, ...]:
        return stored

    def of_lora_b(self, lora_b: Array) -> Array:
        return lora_b


@dataclass(frozen=True, slots=True)
class Transposed:
    """GPT-2's ``Conv1D`` multiplies from the other side: it stores (in, out), GGUF (out, in).

    peft keeps A and B of such a layer as those of a Linear layer, (r, in) and (out, r), so that
    the pair needs no change.
    """

    def of_weight(self, weight: Array) -> Array:
        return weight.T

    def shape(self, stored: tuple[int, ...]) -> tuple[int, ...]:
        return stored[::-1]

    def of_lora_b(self, lora_b: Array) -> Array:
        return lora_b


@dataclass(frozen=True, slots=True)
class RopePairs:
    """Rows of each head reordered for rope over neighbouring pairs, as llama.cpp's llama does it.

    transformers turns row i with row i + head_dim / 2, llama.cpp row 2i with row 2i + 1.
    """

    heads: int

    def of_weight(self, weight: Array) -> Array:
        halves = weight.reshape(self.heads, 2, -1, *weight.shape[1:])
        return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(weight.shape)

    def shape(self, stored: tuple[int, ...]) -> tuple[int, ...]:
        return stored

    def of_lora_b(self, lora_b: Array) -> Array:
        return self.of_weight(lora_b)
