"""Decodes many prompts at once with llama.cpp: a shared prefix, and rows that replace ended ones.

A row's output is bit-identical whatever else is in its batch. llama.cpp's matrix kernels round
differently for one token of a stream than for several, for batches below eight tokens, and for the
remainder of a batch beyond a multiple of four. So every batch here has at least ``MIN_TOKENS``
tokens and a multiple of ``QUANTUM``, and every step gives each row the number of tokens that the
decoding profile says. The remainder of a prompt goes in together with rows that already generate,
and idle streams pad a batch. Tests assert this; docs/gguf.md has the measurements.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from harness.engine.llama.context import LlamaContext, rounded_up
from harness.engine.llama.profile import DecodingProfile
from harness.engine.llama.prompt_lookup import NgramTable, draft
from harness.engine.llama.row_queue import MIN_TOKENS, QUANTUM, RowQueue, begins_with
from harness.engine.llama.sampling import Logits
from harness.engine.model import OnStep
from harness.engine.row import Row

PADDING_TOKEN = 0
"""Input of idle streams; their output is discarded."""

Pick = Callable[[Logits, Sequence[Row]], list[int]]


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """Settings of a decoding loop."""

    pick: Pick
    """Chooses one token for each row from its logits."""
    end_ids: frozenset[int]
    """The tokens that end an answer."""
    on_step: OnStep
    """Called with the number of generated tokens and of ended rows."""


@dataclass(slots=True)
class _Slot:
    """A row in a stream of the cache. The slot's index in the list is the stream's number."""

    row: Row
    cached: int
    """Accepted tokens in the stream."""
    ids: list[int] = field(init=False)
    """Tokens of the prompt and the answer."""
    ngrams: NgramTable = field(default_factory=NgramTable)
    """N-grams of this row."""

    def __post_init__(self) -> None:
        self.ids = list(self.row.prompt)

    @property
    def is_open(self) -> bool:
        return self.row.is_open

    @property
    def prefill_tokens(self) -> int:
        """Tokens to prefill before the row generates. The last prompt token is never among them:
        its logits are the first of the answer."""
        count = (len(self.row.prompt) - 1 - self.cached) // QUANTUM * QUANTUM
        return count if count >= MIN_TOKENS else 0

    @property
    def has_prompt(self) -> bool:
        """The whole prompt is in the stream."""
        return self.cached >= len(self.row.prompt)

    def accepts(self, token: int) -> bool:
        """True if a token fed after the cached ones is the one that the row itself generated."""
        return self.is_open and token == self.ids[self.cached]


class LlamaDecoder:
    """Decodes rows, at most ``max_rows`` at once, in a context that has the streams of a step and
    one more for the common prefix."""

    def __init__(
        self,
        context: LlamaContext,
        profile: DecodingProfile,
        max_rows: int,
        options: DecodingOptions,
        queue: RowQueue,
    ) -> None:
        self.context = context
        self.profile = profile
        self.max_rows = max_rows
        self.options = options
        self.queue = queue
        self.prefix_stream = context.shape.streams - 1
        self.prefix: list[int] = []
        """Tokens in the stream of the common prefix."""
        self.slots: list[_Slot] = []
        """By stream. Ended slots keep their index until the list is compacted."""

    def run(self) -> None:
        """Decode until the queue has no more and no row is open."""
        self.context.empty_all()
        try:
            while True:
                self._refill()
                if any(slot.is_open for slot in self.slots):
                    self._step()
                elif not self.queue.is_active():
                    return
        except BaseException:
            self.queue.stop()
            raise

    def _refill(self) -> None:
        """Compact the slots and admit waiting rows once enough have ended. llama.cpp decodes a
        batch at once only if its streams are contiguous."""
        wanted = self.max_rows if self.queue else len(self.slots)
        gaps = wanted - sum(slot.is_open for slot in self.slots)
        if gaps < max(1, self.profile.refill_share * wanted):
            return
        self._compact()
        if self.queue:
            open_rows = len(self.slots)
            self._admit(self.queue.take(self.max_rows - open_rows, open_rows))

    def _compact(self) -> None:
        """Move the last open slots into the streams of ended ones."""
        for stream in range(len(self.slots)):
            while self.slots and not self.slots[-1].is_open:
                self.slots.pop()
            last = len(self.slots) - 1
            if stream < last and not self.slots[stream].is_open:
                self.context.copy(last, stream)
                self.context.empty(last)
                self.slots[stream] = self.slots.pop()

    def _admit(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        self._hold(self.queue.prefix_for(rows, self.prefix))
        shared = [begins_with(row.prompt, self.prefix) for row in rows]
        slots = [
            _Slot(row, len(self.prefix) if is_shared else 0)
            for row, is_shared in zip(rows, shared, strict=True)
        ]
        slots.sort(key=lambda slot: -slot.prefill_tokens)
        if self.profile.draft_tokens:
            for slot in slots:
                slot.ngrams.learn(slot.ids)
        first = len(self.slots)
        self.slots += slots
        for stream, slot in enumerate(slots, first):
            if slot.cached:
                self.context.copy(self.prefix_stream, stream)
        for size, group in groupby(enumerate(slots, first), lambda pair: pair[1].prefill_tokens):
            if size:
                self._prefill_group(list(group), size)

    def _hold(self, prefix: list[int]) -> None:
        """Have the tokens of a prefix in their stream."""
        if prefix == self.prefix:
            return
        self.context.empty(self.prefix_stream)
        if prefix:
            self._prefill([_Slot(Row(prefix, 0, 1), 0)], self.prefix_stream, len(prefix))
        self.prefix = prefix

    def _prefill_group(self, group: list[tuple[int, _Slot]], count: int) -> None:
        """Prefill ``count`` tokens of each slot; their streams are contiguous."""
        shape = self.context.shape
        at_once = max(1, shape.ubatch_tokens // min(count, shape.stream_tokens))
        for start in range(0, len(group), at_once):
            part = group[start : start + at_once]
            self._prefill([slot for _, slot in part], part[0][0], count)

    def _prefill(self, slots: Sequence[_Slot], first: int, count: int) -> None:
        """Append ``count`` tokens of each slot to the streams from ``first``, without logits."""
        shape = self.context.shape
        most = min(shape.ubatch_tokens // len(slots) // QUANTUM * QUANTUM, shape.stream_tokens)
        while count:
            size = min(count, most)
            if 0 < count - size < MIN_TOKENS:
                size -= QUANTUM
            tokens = [t for n in slots for t in n.row.prompt[n.cached : n.cached + size]]
            positions = [p for n in slots for p in range(n.cached, n.cached + size)]
            streams = [first + i for i in range(len(slots)) for _ in range(size)]
            self.context.decode(tokens, positions, streams, outputs=False)
            for slot in slots:
                slot.cached += size
            count -= size
            self.options.on_step(0, 0)

    def _step(self) -> None:
        """Feed ``profile.width`` tokens to every slot; pick one or more for those whose prompt is
        in the cache."""
        width = self.profile.width
        streams = range(streams_per_step(len(self.slots), width))
        slots = {i: slot for i, slot in enumerate(self.slots) if slot.is_open}
        fed = [self._next_tokens(slots[i]) if i in slots else [PADDING_TOKEN] * width
               for i in streams]  # fmt: skip
        starts = [slots[i].cached if i in slots else 0 for i in streams]
        self.context.decode(
            [token for tokens in fed for token in tokens],
            [start + offset for start in starts for offset in range(width)],
            [stream for stream in streams for _ in range(width)],
            outputs=True,
        )
        self._take(fed)
        for i in streams:
            self.context.cut(i, slots[i].cached if i in slots and slots[i].is_open else 0)

    def _next_tokens(self, slot: _Slot) -> list[int]:
        """The row's known tokens after the cached ones, then draft tokens."""
        width = self.profile.width
        known = slot.ids[slot.cached : slot.cached + width]
        return known + draft(slot.ids, width - len(known), (slot.ngrams, self.queue.ngrams))

    def _take(self, fed: Sequence[Sequence[int]]) -> None:
        """Pick tokens, offset by offset, for the slots whose draft tokens were all accepted so far:
        nothing after a rejected one is valid."""
        width = self.profile.width
        logits = self.context.logits(len(fed) * width)
        right = [i for i, slot in enumerate(self.slots) if slot.is_open]
        taken, over = 0, []
        for offset in range(width):
            if offset:
                right = [i for i in right if self.slots[i].accepts(fed[i][offset])]
            for i in right:
                self.slots[i].cached += 1
            ready = [i for i in right if self.slots[i].has_prompt]
            rows = self._pick(ready, logits[offset::width])
            taken += len(rows)
            over += [row for row in rows if not row.is_open]
        self.options.on_step(taken, len(over))
        self.queue.leave(over)

    def _pick(self, ready: Sequence[int], logits: Logits) -> list[Row]:
        """Pick a token for each ready slot; ``logits`` are indexed by stream."""
        rows = [self.slots[i].row for i in ready]
        if not rows:
            return rows
        tokens = self.options.pick(logits if len(ready) == len(logits) else logits[ready], rows)
        now = time.perf_counter()
        for i, token in zip(ready, tokens, strict=True):
            row = self.slots[i].row
            row.take(token, self.options.end_ids, now - row.began)
            self.slots[i].ids.append(token)
            self._record_last(self.slots[i])
        return rows

    def _record_last(self, slot: _Slot) -> None:
        """Add the n-grams that end in the row's last token."""
        if self.profile.draft_tokens:
            for ngrams in (slot.ngrams, self.queue.ngrams):
                ngrams.learn(slot.ids, len(slot.ids) - 1)


def decode_alone(context: LlamaContext, row: Row, options: DecodingOptions) -> None:
    """Decode one row as a single-user program would: an empty cache, no padding, the prompt's last
    token in the prefill. Timed requests are decoded this way."""
    started = time.perf_counter()
    context.empty_all()
    cached, ids = 0, row.prompt
    while row.is_open:
        chunk = ids[cached : cached + context.shape.ubatch_tokens]
        cached += len(chunk)
        is_last = [False] * (len(chunk) - 1) + [cached == len(ids)]
        positions = range(cached - len(chunk), cached)
        context.decode(chunk, positions, [0] * len(chunk), outputs=is_last)
        if cached == len(ids):
            (token,) = options.pick(context.logits(1), [row])
            row.take(token, options.end_ids, time.perf_counter() - started)
            options.on_step(1, int(not row.is_open))
            ids = [*ids, token]


def streams_per_step(slots: int, width: int) -> int:
    """The streams that a step fills for ``slots`` slots, idle ones included."""
    return rounded_up(max(slots, -(-MIN_TOKENS // width)), QUANTUM // math.gcd(QUANTUM, width))
