"""Decodes one batch of prompts with a transformers model, token by token.

A loop of our own in place of ``model.generate``: a row leaves the batch when it ends, every row has
its own random seed, and the times of its first and last token are known.
"""

import inspect
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicSlidingWindowLayer
from transformers.generation import logits_process as processors

from harness.core.plan import Sampling
from harness.engine.hf.growing_cache import GrowingLayer, growing_cache, keep_rows
from harness.engine.hf.row_source import GivenRows, RowSource
from harness.engine.hf.scores import likeliest, note_scores
from harness.engine.hf.shared_prefix import PrefixSplit, best_split
from harness.engine.row import Row, sampling_key

LogitMask = Callable[[torch.Tensor, Sequence[Row]], torch.Tensor]
"""Takes logits ``[rows, vocabulary]`` and the rows, and returns logits of the same shape."""
Pick = Callable[[torch.Tensor, Sequence[Row]], torch.Tensor]
"""Takes logits ``[rows, vocabulary]`` and the rows, and returns one token for each."""


def decode(
    model: Any,
    rows: Sequence[Row],
    sampling: Sampling,
    end_ids: frozenset[int],
    on_step: Callable[[int, int], None],
    mask: LogitMask | None = None,
    max_rows: int | None = None,
) -> None:
    """Decode ``rows`` in place, at most ``max_rows`` at once, in their order; rows that wait take
    the places of ended ones. All share one ``sampling``, except for the seed. The rest is as in
    ``decode_from``."""
    given = GivenRows(rows, max_rows or len(rows))
    pick = _Picker(sampling, model.device)
    decode_from(model, given, end_ids, on_step, mask, pick)


@torch.inference_mode()
def decode_from(
    model: Any,
    rows: RowSource,
    end_ids: frozenset[int],
    on_step: Callable[[int, int], None],
    mask: LogitMask | None = None,
    pick: Pick | None = None,
) -> None:
    """Decode the rows of a source in place, until it has no more.

    ``mask`` is applied to the logits of each step before a token is picked: by ``pick``, else by
    the row's own sampling. Prompts are padded on the left to ``[rows, longest prompt]``.
    """
    pick = pick or _OwnPickers(model.device)

    def step(batch: _PaddedBatch) -> None:
        logits = batch.next_logits()
        tokens = pick(logits if mask is None else mask(logits, batch.rows), batch.rows)
        note_scores(logits, tokens, batch.rows)
        now = time.perf_counter()
        for row, token in zip(batch.rows, tokens.tolist(), strict=True):
            row.take(token, end_ids, now - row.began)
        over = [row for row in batch.rows if not row.is_open]
        on_step(len(tokens), len(over))
        rows.leave(over)
        batch.append(tokens)

    batch: _PaddedBatch | None = None
    while True:
        entering = rows.enter(
            batch.rows if batch else [], is_joinable=batch is None or batch.is_joinable
        )
        if entering:
            fresh = _PaddedBatch(model, entering)
            step(fresh)
            batch = batch.joined(fresh) if batch else fresh
        elif batch and batch.rows:
            step(batch)
        else:
            return


@torch.inference_mode()
def last_logits(model: Any, sequences: Sequence[Sequence[int]]) -> torch.Tensor:
    """Logits after the last token of each sequence, float32, ``[sequences, vocabulary]``."""
    return _PaddedBatch(model, [Row(list(ids), 0, 1) for ids in sequences]).next_logits()


class _PaddedBatch:
    """The key-value cache and the rows in it."""

    def __init__(self, model: Any, rows: Sequence[Row]) -> None:
        self.model = model
        self.rows = list(rows)
        longest = max(len(row.prompt) for row in rows)
        pads = [longest - len(row.prompt) for row in rows]
        ids = [[0] * pad + row.prompt for pad, row in zip(pads, rows, strict=True)]
        mask = [[0] * pad + [1] * len(row.prompt) for pad, row in zip(pads, rows, strict=True)]
        self.cache, cached = _cache_with_prefixes(model, [row.prompt for row in rows])
        self.input_ids = torch.tensor(ids, device=model.device)[:, cached:]
        self.mask = torch.tensor(mask, device=model.device)
        self.positions = (self.mask.cumsum(-1) - 1).clamp(min=0)[:, cached:]
        self.accepts = frozenset(inspect.signature(_forward(model)).parameters)

    def next_logits(self) -> torch.Tensor:
        """Logits of the next token, float32, ``[rows, vocabulary]``."""
        inputs: dict[str, Any] = {"input_ids": self.input_ids, "attention_mask": self.mask}
        optional = {"position_ids": self.positions, "logits_to_keep": 1}
        inputs |= {name: value for name, value in optional.items() if name in self.accepts}
        output = self.model(**inputs, past_key_values=self.cache, use_cache=True)
        logits: torch.Tensor = output.logits[:, -1].float()
        return logits

    def append(self, tokens: torch.Tensor) -> None:
        """Make ``tokens`` the next input, and remove the rows that have ended."""
        self.input_ids = tokens[:, None]
        self.positions = self.positions[:, -1:] + 1
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(self.rows), 1)], dim=1)
        if not all(row.is_open for row in self.rows):
            self._keep(compacted([row.is_open for row in self.rows]))

    def joined(self, other: "_PaddedBatch") -> "_PaddedBatch":
        """The open rows of both, which wait for the same step. Columns that are padding in every
        row are dropped."""
        if not (self.rows and other.rows):
            return self if self.rows else other
        columns = max(_used_columns(self.mask), _used_columns(other.mask))
        for layer, more in zip(self.cache.layers, other.cache.layers, strict=True):
            # The last column of a mask is the next input's, which is not cached yet.
            layer.join(more, columns - 1)
        self.rows += other.rows
        self.input_ids = torch.cat([self.input_ids, other.input_ids])
        self.positions = torch.cat([self.positions, other.positions])
        self.mask = torch.cat([_fitted(self.mask, columns), _fitted(other.mask, columns)])
        return self

    @property
    def is_joinable(self) -> bool:
        """True if rows of other batches may be appended: nothing but keys and values is cached,
        and none depends on the longest row or on its column."""
        layers = self.cache.layers
        is_plain = all(isinstance(layer, GrowingLayer) for layer in layers)
        return is_plain and not _has_dynamic_rope(self.model.config)

    def _keep(self, order: list[int]) -> None:
        self.rows = [self.rows[i] for i in order]
        if not self.rows:
            return
        index = torch.tensor(order, device=self.mask.device)
        self.input_ids, self.positions = self.input_ids[index], self.positions[index]
        self.mask = self.mask[index]
        keep_rows(self.cache, index)


def _used_columns(mask: torch.Tensor) -> int:
    """Columns from the first one that is not padding in every row."""
    return mask.shape[1] - int(mask.amax(0).argmax())


def _fitted(mask: torch.Tensor, columns: int) -> torch.Tensor:
    """A mask of ``columns`` columns: padding is added or removed on the left."""
    return torch.nn.functional.pad(mask, (columns - mask.shape[1], 0))


def compacted(is_open: Sequence[bool]) -> list[int]:
    """Indices of the open rows, in an order in which the last ones take the places of ended ones:
    the fewest rows move."""
    count = sum(is_open)
    last = (i for i in range(count, len(is_open)) if is_open[i])
    return [i if is_open[i] else next(last) for i in range(count)]


def _cache_with_prefixes(model: Any, prompts: Sequence[list[int]]) -> tuple[DynamicCache, int]:
    """A cache filled with the first columns of ``prompts``, and the number of these columns.

    A prefix that several prompts share is computed once. The prefixes are themselves a batch, so
    prefixes that they share are computed once, too.
    """
    cache = growing_cache(model.config)
    split = best_split(prompts, _most_columns(model.config, cache))
    if split is None:
        return cache, 0
    batch = _PaddedBatch(model, [Row(prefix, 0, 1) for prefix in split.prefixes])
    batch.next_logits()
    _copy_to_rows(batch.cache, split, [len(prompt) for prompt in prompts])
    return batch.cache, split.columns


def _most_columns(config: Any, cache: DynamicCache) -> int:
    """The largest number of columns of keys and values that may be copied between rows.

    0 where a layer caches something else, or where keys depend on the length of the longest row;
    at most what a sliding window still holds.
    """
    kinds = (GrowingLayer, DynamicSlidingWindowLayer)
    if any(type(layer) not in kinds for layer in cache.layers) or _has_dynamic_rope(config):
        return 0
    windows = [layer.sliding_window for layer in cache.layers if layer.is_sliding]
    return min(windows, default=sys.maxsize) - 1


def _has_dynamic_rope(config: Any) -> bool:
    """True if a token's rotary embedding depends on the longest position of its batch."""
    rope = getattr(config.get_text_config(), "rope_parameters", None) or {}
    by_layer = [kind for kind in rope.values() if isinstance(kind, dict)]
    return any(kind.get("rope_type") in ("dynamic", "longrope") for kind in (rope, *by_layer))


def _copy_to_rows(cache: DynamicCache, split: PrefixSplit, lengths: Sequence[int]) -> None:
    """Copy to each row of ``lengths`` tokens its prefix, shifted to the row's own columns. The
    columns of padding hold arbitrary values, which are masked."""
    shifts = [
        (max(lengths) - length) - (split.columns - len(split.prefixes[source]))
        for length, source in zip(lengths, split.prefix_of_row, strict=True)
    ]
    source = torch.tensor(split.prefix_of_row)[:, None]
    column = (torch.arange(split.columns) - torch.tensor(shifts)[:, None]).clamp(min=0)
    for layer in cache.layers:
        # [prefixes, heads, columns, width] to [rows, heads, columns, width]
        layer.keys = layer.keys[source, :, column].transpose(1, 2)
        layer.values = layer.values[source, :, column].transpose(1, 2)


def _forward(model: Any) -> Any:
    """The model's own ``forward``, also under a PEFT wrapper: its signature says what it takes."""
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    return inner.forward


class _Picker:
    """Picks one token for each row: the likeliest, or a random one from the row's own seed."""

    def __init__(self, sampling: Sampling, device: torch.device) -> None:
        self.greedy = sampling.temperature == 0
        self.penalty = sampling.repetition_penalty
        self.warpers = [] if self.greedy else _warpers(sampling)
        self.device = device

    def __call__(self, logits: torch.Tensor, rows: Sequence[Row]) -> torch.Tensor:
        if self.penalty != 1.0:
            logits = torch.cat([self._penalized(logits[i : i + 1], r) for i, r in enumerate(rows)])
        if self.greedy:
            return likeliest(logits)
        for warper in self.warpers:
            logits = warper(None, logits)
        probabilities = logits.softmax(-1)
        picked = [
            torch.multinomial(probabilities[i], 1, generator=self._generator(row))
            for i, row in enumerate(rows)
        ]
        return torch.cat(picked)

    def _generator(self, row: Row) -> torch.Generator:
        if row.generator is None:
            row.generator = torch.Generator(device=self.device).manual_seed(row.seed)
        generator: torch.Generator = row.generator
        return generator

    def _penalized(self, logits: torch.Tensor, row: Row) -> torch.Tensor:
        """Apply the repetition penalty to the row's own tokens, without padding."""
        seen = torch.tensor([row.prompt + row.token_ids], device=logits.device)
        penalty = processors.RepetitionPenaltyLogitsProcessor(self.penalty)
        penalized: torch.Tensor = penalty(seen, logits)
        return penalized


class _OwnPickers:
    """Picks each row's token as the row's own sampling says."""

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def __call__(self, logits: torch.Tensor, rows: Sequence[Row]) -> torch.Tensor:
        alike: dict[str, list[int]] = {}
        for i, row in enumerate(rows):
            alike.setdefault(sampling_key(row), []).append(i)
        tokens = logits.new_empty(len(rows), dtype=torch.long)
        for places in alike.values():
            own = [rows[i] for i in places]
            tokens[places] = _Picker(own[0].sampling, self.device)(logits[places], own)
        return tokens


def _warpers(sampling: Sampling) -> list[Any]:
    """Logits warpers in the order in which transformers' ``generate`` applies them."""
    warpers: list[Any] = [processors.TemperatureLogitsWarper(sampling.temperature)]
    if sampling.top_k:
        warpers.append(processors.TopKLogitsWarper(sampling.top_k))
    if sampling.top_p < 1:
        warpers.append(processors.TopPLogitsWarper(sampling.top_p))
    return warpers
