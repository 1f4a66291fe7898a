"""A key-value cache whose layers grow in place and give up rows without being copied.

transformers' ``DynamicLayer`` concatenates, which copies all keys and values for every token: with
128 rows of a 135M model in float32 that took half of the time of decoding. A ``GrowingLayer`` has
reserved columns behind its cached ones and writes into them. Attention reads the cached part, so
it reads the same values.
"""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

RESERVED_COLUMNS = 64
"""Columns reserved at once. More are reserved by a copy, so a step costs 1/64 of one."""


class GrowingLayer(DynamicLayer):  # type: ignore[misc]  # transformers is untyped here
    """Keys and values are views, ``[rows, heads, columns, width]``, of larger tensors."""

    def __init__(self) -> None:
        super().__init__()
        self._reserved: list[torch.Tensor] = []

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        length, more = self.get_seq_length(), key_states.shape[-2]
        if not self._has_room(length + more):
            self._reserve(key_states, value_states)
        for reserved, states in zip(self._reserved, (key_states, value_states), strict=True):
            reserved[: len(states), :, length : length + more] = states
        self.keys, self.values = (
            reserved[: len(key_states), :, : length + more] for reserved in self._reserved
        )
        return self.keys, self.values

    def keep(self, sources: torch.Tensor, targets: torch.Tensor, rows: int) -> None:
        """Copy the rows ``sources`` over the rows ``targets``, and keep the first ``rows``."""
        for cached in (self.keys, self.values):
            cached[targets] = cached[sources]
        self.keys, self.values = self.keys[:rows], self.values[:rows]

    def join(self, other: "GrowingLayer", columns: int) -> None:
        """Append the rows of another layer. Each keeps its last ``columns`` columns; zeros stand
        before fewer."""
        pairs = ((self.keys, other.keys), (self.values, other.values))
        self._reserved = [_stacked(pair, columns) for pair in pairs]
        self.keys, self.values = (reserved[:, :, :columns] for reserved in self._reserved)

    def _has_room(self, columns: int) -> bool:
        """True if the cached part lies in reserved tensors of at least ``columns``. Keys that were
        assigned from outside do not."""
        return (
            bool(self._reserved)
            and self._reserved[0].data_ptr() == self.keys.data_ptr()
            and self._reserved[0].shape[-2] >= columns
        )

    def _reserve(self, *states: torch.Tensor) -> None:
        """Move what is cached into larger tensors, with room for ``states`` and more columns."""
        if not self.is_initialized:
            self.lazy_initialization(*states)
        length = self.get_seq_length()
        cached = (self.keys, self.values)
        self._reserved = [_larger(c, s, length) for c, s in zip(cached, states, strict=True)]


def growing_cache(config: Any) -> DynamicCache:
    """A ``DynamicCache`` whose layers of plain keys and values are growing ones."""
    cache = DynamicCache(config=config)
    cache.layers = [GrowingLayer() if type(x) is DynamicLayer else x for x in cache.layers]
    return cache


def keep_rows(cache: DynamicCache, order: torch.Tensor) -> None:
    """Make the row ``order[i]`` of every layer its row ``i``, and remove all others.

    A row moves only into the place of a removed one: ``order[i]`` is ``i`` or at least
    ``len(order)``.
    """
    (targets,) = torch.where(order != torch.arange(len(order), device=order.device))
    for layer in cache.layers:
        if isinstance(layer, GrowingLayer):
            layer.keep(order[targets], targets, len(order))
        else:
            # Not ``batch_select_indices``: layers without keys and values do not have it.
            layer.reorder_cache(order)


def _larger(cached: torch.Tensor, states: torch.Tensor, length: int) -> torch.Tensor:
    """A tensor that begins with ``length`` cached columns and has room for ``states`` and more."""
    rows, heads, more, width = states.shape
    larger = states.new_empty(rows, heads, length + more + RESERVED_COLUMNS, width)
    if length:
        larger[:, :, :length] = cached
    return larger


def _stacked(parts: Sequence[torch.Tensor], columns: int) -> torch.Tensor:
    """The rows of all parts, each moved to the right end of ``columns``, and room for more."""
    _, heads, _, width = parts[0].shape
    rows = sum(map(len, parts))
    stacked = parts[0].new_zeros(rows, heads, columns + RESERVED_COLUMNS, width)
    first = 0
    for part in parts:
        kept = part[:, :, -columns:]
        stacked[first : first + len(part), :, columns - kept.shape[2] : columns] = kept
        first += len(part)
    return stacked
