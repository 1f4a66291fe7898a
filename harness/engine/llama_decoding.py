"""Decodes many prompts at once with llama.cpp: one prefix for all, rows that end and are replaced.

An answer does not depend on its company, to the bit. llama.cpp's matrix kernels take other paths
for one token, for fewer than eight, and for what is left over of fours; so every batch here is at
least ``LEAST_TOKENS`` and a multiple of ``QUANTUM``: what a prompt has beyond a multiple is fed
token by token beside the rows that already answer, and idle streams fill a batch up. The tests hold
it, docs/gguf.md has what was measured.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from harness.engine.llama_context import MOST_UBATCH_TOKENS, LlamaContext
from harness.engine.llama_sampling import Logits
from harness.engine.row import Row

QUANTUM = 4
"""Tokens of a batch come in multiples of this."""
LEAST_TOKENS = 8
"""Of one batch."""
LEAST_PREFIX = 16
"""A shorter common beginning is not worth a copy."""
MOVE_AT = 0.25
"""Waiting prompts come in, or the rows that are left move together, when this share of the rows has
ended. After a move llama.cpp plans its memory anew, which takes as long as many rows of a step."""
PADDING_TOKEN = 0
"""What idle streams are fed. Nobody reads what comes of it."""

Pick = Callable[[Logits, Sequence[Row]], list[int]]
OnStep = Callable[[int, int], None]


@dataclass(slots=True)
class _Lane:
    """A row in a stream of the cache. The lane's place in the list is the stream's number."""

    row: Row
    cached: int
    """How many of its tokens are in the stream."""

    @property
    def is_open(self) -> bool:
        return self.row.is_open

    @property
    def next_token(self) -> int:
        prompt = self.row.prompt
        return prompt[self.cached] if self.cached < len(prompt) else self.row.token_ids[-1]

    @property
    def to_prefill(self) -> int:
        """Tokens that go in at once before the row answers. The last one is never among them: its
        logits are the first of the answer."""
        count = (len(self.row.prompt) - 1 - self.cached) // QUANTUM * QUANTUM
        return count if count >= LEAST_TOKENS else 0

    @property
    def has_prompt(self) -> bool:
        """Whether the whole prompt is in the stream."""
        return self.cached >= len(self.row.prompt)


class LlamaDecoder:
    """Answers rows, at most ``most_rows`` at once, in a context that has a stream for each, at
    least ``LEAST_TOKENS``, and one for their common beginning."""

    def __init__(
        self,
        context: LlamaContext,
        most_rows: int,
        end_ids: frozenset[int],
        pick: Pick,
        on_step: OnStep,
    ) -> None:
        self.context = context
        self.most_rows = most_rows
        self.end_ids = end_ids
        self.pick = pick
        self.on_step = on_step
        self.prefix_stream = context.shape.streams - 1
        self.prefix = 0
        self.lanes: list[_Lane] = []
        """By stream. Those that have ended stay in their places until the others move."""

    def run(self, rows: Sequence[Row]) -> None:
        """Fill in ``rows``, in their order, which is that of the waiting."""
        self.started = time.perf_counter()
        self.context.empty_all()
        self.waiting = deque(rows)
        self._prefill_prefix(rows)
        while self.waiting or any(lane.is_open for lane in self.lanes):
            self._move()
            self._step()

    def _prefill_prefix(self, rows: Sequence[Row]) -> None:
        self.prefix = common_prefix([row.prompt for row in rows])
        if self.prefix:
            beginning = _Lane(Row(rows[0].prompt[: self.prefix], 0, 1), 0)
            self._prefill([beginning], self.prefix_stream, self.prefix)

    def _move(self) -> None:
        """Close the gaps and take in who waits, when enough have ended: a batch is decoded at once
        only where its streams are neighbours."""
        wanted = self.most_rows if self.waiting else len(self.lanes)
        gaps = wanted - sum(lane.is_open for lane in self.lanes)
        if gaps < max(1, MOVE_AT * wanted):
            return
        self._close_gaps()
        if self.waiting:
            self._take_in(min(self.most_rows - len(self.lanes), len(self.waiting)))

    def _close_gaps(self) -> None:
        """The last open lanes move into the streams of those that have ended."""
        for stream in range(len(self.lanes)):
            while self.lanes and not self.lanes[-1].is_open:
                self.lanes.pop()
            last = len(self.lanes) - 1
            if stream < last and not self.lanes[stream].is_open:
                self.context.copy(last, stream)
                self.context.empty(last)
                self.lanes[stream] = self.lanes.pop()

    def _take_in(self, count: int) -> None:
        lanes = [_Lane(self.waiting.popleft(), self.prefix) for _ in range(count)]
        lanes.sort(key=lambda lane: -lane.to_prefill)
        first = len(self.lanes)
        self.lanes += lanes
        if self.prefix:
            for stream in range(first, len(self.lanes)):
                self.context.copy(self.prefix_stream, stream)
        for size, alike in groupby(enumerate(lanes, first), lambda pair: pair[1].to_prefill):
            if size:
                self._prefill_alike(list(alike), size)

    def _prefill_alike(self, alike: list[tuple[int, _Lane]], count: int) -> None:
        """Lanes of neighbouring streams, each with ``count`` tokens to go in."""
        at_once = max(1, MOST_UBATCH_TOKENS // count)
        for start in range(0, len(alike), at_once):
            part = alike[start : start + at_once]
            self._prefill([lane for _, lane in part], part[0][0], count)

    def _prefill(self, lanes: Sequence[_Lane], first: int, count: int) -> None:
        """Put ``count`` tokens of each lane into the streams from ``first``, without outputs."""
        most = MOST_UBATCH_TOKENS // len(lanes) // QUANTUM * QUANTUM
        while count:
            size = min(count, most)
            if 0 < count - size < LEAST_TOKENS:
                size -= QUANTUM
            tokens = [t for n in lanes for t in n.row.prompt[n.cached : n.cached + size]]
            positions = [p for n in lanes for p in range(n.cached, n.cached + size)]
            streams = [first + i for i in range(len(lanes)) for _ in range(size)]
            self.context.decode(tokens, positions, streams, outputs=False)
            for lane in lanes:
                lane.cached += size
            count -= size
            self.on_step(0, 0)

    def _step(self) -> None:
        """One token into every lane; one out of those whose prompt is in."""
        count = max(LEAST_TOKENS, -(-len(self.lanes) // QUANTUM) * QUANTUM)
        lanes = [n if n.is_open else None for n in self.lanes]
        lanes += [None] * (count - len(lanes))
        self.context.decode(
            [n.next_token if n else PADDING_TOKEN for n in lanes],
            [n.cached if n else 0 for n in lanes],
            range(count),
            outputs=True,
        )
        for stream, lane in enumerate(lanes):
            if lane is None:
                self.context.empty(stream)
            else:
                lane.cached += 1
        self._take([i for i, n in enumerate(lanes) if n and n.has_prompt], count)

    def _take(self, ready: Sequence[int], count: int) -> None:
        """Pick a token for each lane that is ready for one."""
        if not ready:
            return self.on_step(0, 0)
        logits = self.context.logits(count)
        rows = [self.lanes[i].row for i in ready]
        tokens = self.pick(logits if len(ready) == count else logits[ready], rows)
        now = time.perf_counter() - self.started
        for i, token in zip(ready, tokens, strict=True):
            self.lanes[i].row.take(token, self.end_ids, now)
            if not self.lanes[i].is_open:
                self.context.empty(i)
        self.on_step(len(rows), sum(not row.is_open for row in rows))


def decode_alone(
    context: LlamaContext, row: Row, end_ids: frozenset[int], pick: Pick, on_step: OnStep
) -> None:
    """Answer one row as whoever runs the file for one user would: an empty cache, no padding, the
    prompt's last token in the prefill. What is timed is this."""
    started = time.perf_counter()
    context.empty_all()
    cached, ids = 0, row.prompt
    while row.is_open:
        chunk = ids[cached : cached + MOST_UBATCH_TOKENS]
        cached += len(chunk)
        is_last = [False] * (len(chunk) - 1) + [cached == len(ids)]
        positions = range(cached - len(chunk), cached)
        context.decode(chunk, positions, [0] * len(chunk), outputs=is_last)
        if cached == len(ids):
            (token,) = pick(context.logits(1), [row])
            row.take(token, end_ids, time.perf_counter() - started)
            on_step(1, int(not row.is_open))
            ids = [*ids, token]


def common_prefix(prompts: Sequence[list[int]]) -> int:
    """How many tokens all prompts begin with, a multiple of ``QUANTUM``; 0 where it is not worth
    anything. The last token of a prompt is never among them."""
    if len(prompts) < 2:
        return 0
    first, last = min(prompts), max(prompts)
    most = min(len(p) for p in prompts) - 1
    common = next((i for i in range(most) if first[i] != last[i]), most)
    return common // QUANTUM * QUANTUM if common >= LEAST_PREFIX else 0
