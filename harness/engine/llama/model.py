"""An open GGUF model: divides requests into batches and decodes batches into completions.

``harness/backends/gguf.py`` opens its parts.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import groupby
from typing import Any

import numpy as np

from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.plan import Request, failed
from harness.core.record import ModelRecord
from harness.engine import prompt
from harness.engine.continuous import OpenBatch
from harness.engine.grammar import Grammars
from harness.engine.llama.context import BYTES_PER_CACHED, CELLS, rounded_up
from harness.engine.llama.contexts import LlamaContexts
from harness.engine.llama.decoding import DecodingOptions
from harness.engine.llama.library import LoadedModel
from harness.engine.llama.row_queue import MIN_TOKENS, ArrivingQueue
from harness.engine.llama.sampling import LlamaPicker, Logits, note_scores
from harness.engine.llama.vocabulary import LlamaVocabulary
from harness.engine.model import EngineSettings, OnStep
from harness.engine.row import (
    Row,
    batched,
    check_sequence,
    completion,
    prompt_problem,
    sampling_key,
)
from harness.engine.tokenization import Prompt, Tokenization
from harness.machine.memory import MB, available_mb
from harness.model_files.gguf_header import GgufHeader

MAX_BATCH_TOKENS = 32_768
"""Cache cells over all streams; on a CPU more rows than fit into them do not raise throughput."""
LOGIT_ROWS = 64
"""Sequences whose logits are in memory at once."""
MAX_REQUESTS = 256
"""Requests of one batch: as many are lost when llama.cpp crashes."""
USUAL_WIDTH = 512
"""Tokens of the longest row that has room among requests that come meanwhile, if the first ones are
shorter: a longer one waits until these have ended."""
CACHE_SHARE = 0.2
"""Share of the free memory that the key-value cache may take."""
WIDEST = 2
"""Largest ratio of the longest row of a batch to the shortest: every stream of the cache is as long
as the longest row."""


@dataclass
class LlamaModel:
    """A loaded GGUF model with its tokenizer."""

    loaded: LoadedModel
    header: GgufHeader
    vocabulary: LlamaVocabulary
    record: ModelRecord
    settings: EngineSettings
    _prompts: dict[str, Prompt] = field(default_factory=dict, repr=False)
    """Prompts of the requests last divided into batches, by request key."""
    _rows: Mapping[str, Row | None] = field(default_factory=dict, repr=False)
    """Rows of the batch last decoded, by request key."""
    contexts: LlamaContexts = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.contexts = LlamaContexts(self.loaded, self.settings.threads)

    def describe(self) -> ModelRecord:
        return self.record

    def batches(self, requests: Sequence[Request]) -> list[list[Request]]:
        """Group requests of one task, one sampling and similar length, the longest first.

        A task's prompts share a prefix, which is computed once for a batch. Timed requests come
        last, each alone.
        """
        self._prompts = {r.key: self._prompt(r) for r in requests}
        untimed = sorted((r for r in requests if not r.timed), key=self._order)
        groups = groupby(untimed, key=lambda r: (sampling_key(r), r.task))
        batches = [batch for _, same in groups for batch in batched(same, self._fits)]
        return batches + [[r] for r in requests if r.timed]

    def generate(self, batch: Sequence[Request], on_step: OnStep) -> list[Completion]:
        rows = {r.key: self._row(r) for r in batch}
        self._rows = rows
        open_rows = [row for row in rows.values() if row is not None]
        pick = partial(self._pick, LlamaPicker(batch[0].sampling))
        options = DecodingOptions(pick, self.vocabulary.end_ids, on_step)
        together = self._decode(open_rows, options, is_alone=batch[0].timed)
        return [self._completion(r, rows[r.key], together) for r in batch]

    def generate_continuously(self, batch: OpenBatch, on_step: OnStep) -> None:
        while (first := batch.first()) is not None:
            row = self._read(first)
            # A prompt that fails is answered by the queue.
            width = row.width if isinstance(row, Row) else 1
            pick = partial(self._pick, LlamaPicker(None))
            options = DecodingOptions(pick, self.vocabulary.end_ids, on_step)
            if self._has_room_to_pad(width):
                self._answer_arriving(batch, max(width, USUAL_WIDTH), options)
            else:
                self._answer_first_alone(batch, options)

    def _answer_arriving(self, batch: OpenBatch, width: int, options: DecodingOptions) -> None:
        """Answer those that wait and those that come, while they fit."""
        cells = self.settings.batch_tokens or min(MAX_BATCH_TOKENS, self._fitting_cells)

        def queue(decoders: int, most_width: int) -> ArrivingQueue:
            made = ArrivingQueue(batch, decoders, most_width, self._read, self._left)
            self._rows = made.by_key
            return made

        self.contexts.answer_arriving(max(1, cells // width), width, options, queue)

    def _answer_first_alone(self, batch: OpenBatch, options: DecodingOptions) -> None:
        """Answer the first request by itself: memory has no room for the fewest streams of its
        length."""
        rows = batch.enter(1, self._read, lambda request, row: True)
        self._rows = {row.key: row for row in rows}
        self.contexts.answer_alone(rows, options)
        batch.leave(rows, self._left)

    def _read(self, request: Request) -> Row | Completion:
        """The row of a request that enters a batch, or its error."""
        prompt = self._prompt(request)
        row = Row.of(request, prompt, self.context, self.vocabulary.decode)
        return failed(request, prompt_problem(prompt, self.context) or "") if row is None else row

    def _left(self, request: Request, row: Row) -> Completion:
        return self._completion(request, row, len(self._rows))

    def _row(self, request: Request) -> Row | None:
        return Row.of(request, self._prompts[request.key], self.context, self.vocabulary.decode)

    def text_so_far(self, key: str) -> str:
        row = self._rows.get(key)
        return self.vocabulary.decode(row.answer_ids) if row else ""

    def _pick(self, picker: LlamaPicker, logits: Logits, rows: Sequence[Row]) -> list[int]:
        """Pick a token for each row that keeps to its grammar, and note its score."""
        allowed = logits
        if any(row.grammar for row in rows):
            from harness.engine.llama.grammar import masked

            allowed = masked(self._grammars, logits, rows)
        tokens = picker(allowed, rows)
        note_scores(logits, tokens, rows)
        return tokens

    @cached_property
    def _grammars(self) -> Grammars:
        def open_tokenizer() -> Any:
            from harness.engine.llama.grammar import guide

            return guide(self.vocabulary)

        return Grammars(open_tokenizer)

    def encode(self, requests: Sequence[Request], token_ids: Iterable[int]) -> Tokenization:
        prompts = tuple(self._prompt(r) for r in requests)
        end_ids = self.vocabulary.end_ids
        ids = sorted({*token_ids, *end_ids, *(i for p in prompts for i in p.token_ids)})
        if ids and (reason := check_sequence(ids, self.vocabulary.size, None)):
            raise HarnessError(reason)
        vocabulary = self.vocabulary.describe(self.context)
        return Tokenization(vocabulary, prompts, self.vocabulary.texts(ids))

    def logits(self, sequences: Sequence[Sequence[int]]) -> Iterator[Any]:
        """Logits after each sequence, computed as for an answer: same streams, same batch sizes."""
        for ids in sequences:
            if reason := check_sequence(list(ids), self.vocabulary.size, self.context):
                raise HarnessError(reason)
        for start in range(0, len(sequences), LOGIT_ROWS):
            rows = [Row(list(ids), 0, 1) for ids in sequences[start : start + LOGIT_ROWS]]
            collector = _LogitCollector(rows, self.vocabulary.size)
            options = DecodingOptions(
                collector, self.vocabulary.end_ids, lambda tokens, ended: None
            )
            self._decode(rows, options)
            yield collector.logits

    @property
    def context(self) -> int | None:
        """The context length in tokens that the file states."""
        return self.header.count(f"{self.header.architecture}.context_length")

    def close(self) -> None:
        self.contexts.close()

    def _decode(
        self, rows: Sequence[Row], options: DecodingOptions, *, is_alone: bool = False
    ) -> int:
        """Decode rows; returns how many were decoded at once."""
        if not rows:
            return 0
        widest = max(row.width for row in rows)
        if is_alone or not self._has_room_to_pad(widest):
            self.contexts.answer_alone(rows, options)
            return 1
        cells = self.settings.batch_tokens or min(MAX_BATCH_TOKENS, self._fitting_cells)
        return self.contexts.answer_together(rows, max(1, cells // widest), options)

    def _has_room_to_pad(self, width: int) -> bool:
        """True if memory holds the fewest streams of a batch, each ``width`` long. A prompt too
        long for that is decoded alone, whatever other requests there are."""
        return (MIN_TOKENS + 1) * rounded_up(width, CELLS) <= self._fitting_cells

    @cached_property
    def _fitting_cells(self) -> int:
        """The tokens whose keys and values fit into a share of the free memory. Measured once:
        contexts take from the free memory afterwards."""
        left = CACHE_SHARE * (available_mb(None) or 0.0) * MB
        return int(left) // max(1, self.cache_bytes_per_token)

    @property
    def cache_bytes_per_token(self) -> int:
        """Bytes of one token's keys and values over all layers."""
        name, count = self.header.architecture, self.header.count
        layers, heads = count(f"{name}.block_count"), count(f"{name}.attention.head_count")
        if not layers or not heads:
            return 0
        own_heads = count(f"{name}.attention.head_count_kv") or heads
        usual = (count(f"{name}.embedding_length") or 0) // heads
        keys = count(f"{name}.attention.key_length") or usual
        values = count(f"{name}.attention.value_length") or usual
        return layers * own_heads * (keys + values) * BYTES_PER_CACHED

    def _fits(self, batch: Sequence[Request], request: Request) -> bool:
        """True if a request may be appended to a batch, whose first request is the longest.

        ``--batch-tokens`` bounds a batch; without it, rows wait in the queue of one batch.
        """
        return (
            len(batch) < MAX_REQUESTS
            and self._has_room_to_pad(self._width(batch[0]))
            and self._width(batch[0]) <= max(CELLS, WIDEST * self._width(request))
            and (len(batch) + 1) * self._width(batch[0]) <= (self.settings.batch_tokens or math.inf)
        )

    def _width(self, request: Request) -> int:
        return len(self._prompts[request.key].token_ids) + request.sampling.max_new_tokens

    def _order(self, request: Request) -> tuple[str, str, int, str]:
        return (sampling_key(request), request.task, -self._width(request), request.key)

    def _prompt(self, request: Request) -> Prompt:
        own = self.vocabulary
        return prompt.read(request, own.render, own.encode, own.tool_form)

    def _completion(self, request: Request, row: Row | None, together: int) -> Completion:
        if row is None:
            return failed(request, prompt_problem(self._prompts[request.key], self.context) or "")
        return completion(request, row, self.vocabulary.decode(row.answer_ids), together)


class _LogitCollector:
    """Takes the place of a picker and keeps each row's logits."""

    def __init__(self, rows: Sequence[Row], width: int) -> None:
        self.row_index = {id(row): i for i, row in enumerate(rows)}
        self.logits = np.empty((len(rows), width), np.float32)

    def __call__(self, logits: Logits, rows: Sequence[Row]) -> list[int]:
        self.logits[[self.row_index[id(row)] for row in rows]] = logits
        return [0] * len(rows)
