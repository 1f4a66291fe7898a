"""Decodes many prompts at once with llama.cpp: one prefix for all, rows that end and are replaced.

An answer does not depend on its company, to the bit. llama.cpp's matrix kernels take other paths
for one token of a stream than for several, for fewer than eight tokens of a batch, and for what is
left over of fours; so every batch here is at least ``LEAST_TOKENS`` and a multiple of ``QUANTUM``,
as many to each row in every step as the decoding profile says: what a prompt has beyond a multiple
is fed beside the rows that already answer, and idle streams fill a batch up. The tests hold it,
docs/gguf.md has what was measured.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from threading import Lock

from harness.engine.llama.context import LlamaContext, rounded_up
from harness.engine.llama.profile import DecodingProfile
from harness.engine.llama.prompt_lookup import NgramTable, draft
from harness.engine.llama.sampling import Logits
from harness.engine.model import OnStep
from harness.engine.row import Row

QUANTUM = 4
"""Tokens of a batch come in multiples of this."""
LEAST_TOKENS = 8
"""Of one batch."""
LEAST_PREFIX = 16
"""A shorter common beginning is not worth a copy."""
PADDING_TOKEN = 0
"""What idle streams are fed. Nobody reads what comes of it."""

Pick = Callable[[Logits, Sequence[Row]], list[int]]


@dataclass(frozen=True, slots=True)
class Answering:
    """How rows get their tokens."""

    pick: Pick
    """One token for each row, by its logits."""
    end_ids: frozenset[int]
    """The tokens that end an answer."""
    on_step: OnStep
    """Told how many tokens came and how many rows ended."""


@dataclass(slots=True)
class _Lane:
    """A row in a stream of the cache. The lane's place in the list is the stream's number."""

    row: Row
    cached: int
    """How many of its tokens are in the stream, and right."""
    ids: list[int] = field(init=False)
    """Those of its prompt and its answer."""
    ngrams: NgramTable = field(default_factory=NgramTable)
    """What followed what in this row."""

    def __post_init__(self) -> None:
        self.ids = list(self.row.prompt)

    @property
    def is_open(self) -> bool:
        return self.row.is_open

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

    def goes_on_with(self, token: int) -> bool:
        """Whether a token fed behind the cached ones is what the row itself says there."""
        return self.is_open and token == self.ids[self.cached]


class Waiting:
    """Rows that wait for any of several decoders, and what these share."""

    def __init__(self, rows: Sequence[Row]) -> None:
        """``rows`` in the order in which they are to be taken."""
        count = common_prefix([row.prompt for row in rows])
        self.prefix = rows[0].prompt[:count]
        self.ngrams = NgramTable()
        """What followed what in any answer."""
        self._rows = deque(rows)
        self._lock = Lock()

    def __bool__(self) -> bool:
        return bool(self._rows)

    def take(self, most: int) -> list[Row]:
        with self._lock:
            return [self._rows.popleft() for _ in range(min(most, len(self._rows)))]


class LlamaDecoder:
    """Answers rows, at most ``most_rows`` at once, in a context that has the streams of a step for
    them and one for their common beginning."""

    def __init__(
        self,
        context: LlamaContext,
        profile: DecodingProfile,
        most_rows: int,
        how: Answering,
        waiting: Waiting,
    ) -> None:
        self.context = context
        self.profile = profile
        self.most_rows = most_rows
        self.how = how
        self.waiting = waiting
        self.prefix_stream = context.shape.streams - 1
        self.lanes: list[_Lane] = []
        """By stream. Those that have ended stay in their places until the others move."""

    def run(self) -> None:
        """Fill in rows until none waits and none is open."""
        self.started = time.perf_counter()
        self.context.empty_all()
        prefix = self.waiting.prefix
        if prefix:
            self._prefill([_Lane(Row(prefix, 0, 1), 0)], self.prefix_stream, len(prefix))
        while self._has_lanes():
            self._step()

    def _has_lanes(self) -> bool:
        self._move()
        return any(lane.is_open for lane in self.lanes)

    def _move(self) -> None:
        """Close the gaps and take in who waits, when enough have ended: a batch is decoded at once
        only where its streams are neighbours."""
        wanted = self.most_rows if self.waiting else len(self.lanes)
        gaps = wanted - sum(lane.is_open for lane in self.lanes)
        if gaps < max(1, self.profile.refill_share * wanted):
            return
        self._close_gaps()
        if self.waiting:
            self._take_in(self.waiting.take(self.most_rows - len(self.lanes)))

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

    def _take_in(self, rows: Sequence[Row]) -> None:
        lanes = [_Lane(row, len(self.waiting.prefix)) for row in rows]
        lanes.sort(key=lambda lane: -lane.to_prefill)
        if self.profile.draft_tokens:
            for lane in lanes:
                lane.ngrams.learn(lane.ids)
        first = len(self.lanes)
        self.lanes += lanes
        if self.waiting.prefix:
            for stream in range(first, len(self.lanes)):
                self.context.copy(self.prefix_stream, stream)
        for size, alike in groupby(enumerate(lanes, first), lambda pair: pair[1].to_prefill):
            if size:
                self._prefill_alike(list(alike), size)

    def _prefill_alike(self, alike: list[tuple[int, _Lane]], count: int) -> None:
        """Lanes of neighbouring streams, each with ``count`` tokens to go in."""
        at_once = max(1, self.context.shape.ubatch_tokens // count)
        for start in range(0, len(alike), at_once):
            part = alike[start : start + at_once]
            self._prefill([lane for _, lane in part], part[0][0], count)

    def _prefill(self, lanes: Sequence[_Lane], first: int, count: int) -> None:
        """Put ``count`` tokens of each lane into the streams from ``first``, without outputs."""
        most = self.context.shape.ubatch_tokens // len(lanes) // QUANTUM * QUANTUM
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
            self.how.on_step(0, 0)

    def _step(self) -> None:
        """A few tokens into every lane; one or more out of those whose prompt is in."""
        width = self.profile.width
        streams = range(streams_of_step(len(self.lanes), width))
        lanes = {i: lane for i, lane in enumerate(self.lanes) if lane.is_open}
        fed = [self._next_tokens(lanes[i]) if i in lanes else [PADDING_TOKEN] * width
               for i in streams]  # fmt: skip
        starts = [lanes[i].cached if i in lanes else 0 for i in streams]
        self.context.decode(
            [token for tokens in fed for token in tokens],
            [start + place for start in starts for place in range(width)],
            [stream for stream in streams for _ in range(width)],
            outputs=True,
        )
        self._take(fed)
        for i in streams:
            self.context.cut(i, lanes[i].cached if i in lanes and lanes[i].is_open else 0)

    def _next_tokens(self, lane: _Lane) -> list[int]:
        """What is known of a row behind the cached tokens, and guesses behind that."""
        width = self.profile.width
        known = lane.ids[lane.cached : lane.cached + width]
        return known + draft(lane.ids, width - len(known), (lane.ngrams, self.waiting.ngrams))

    def _take(self, fed: Sequence[Sequence[int]]) -> None:
        """Pick tokens, place by place, for the lanes of which all that was fed is right: behind a
        wrong guess nothing is."""
        width = self.profile.width
        logits = self.context.logits(len(fed) * width)
        right = [i for i, lane in enumerate(self.lanes) if lane.is_open]
        taken = ended = 0
        for place in range(width):
            if place:
                right = [i for i in right if self.lanes[i].goes_on_with(fed[i][place])]
            for i in right:
                self.lanes[i].cached += 1
            ready = [i for i in right if self.lanes[i].has_prompt]
            rows = self._pick(ready, logits[place::width])
            taken += len(rows)
            ended += sum(not row.is_open for row in rows)
        self.how.on_step(taken, ended)

    def _pick(self, ready: Sequence[int], logits: Logits) -> list[Row]:
        """A token for each lane that is ready for one; ``logits`` are by stream."""
        rows = [self.lanes[i].row for i in ready]
        if not rows:
            return rows
        tokens = self.how.pick(logits if len(ready) == len(logits) else logits[ready], rows)
        now = time.perf_counter() - self.started
        for i, token in zip(ready, tokens, strict=True):
            self.lanes[i].row.take(token, self.how.end_ids, now)
            self.lanes[i].ids.append(token)
            self._learn_last(self.lanes[i])
        return rows

    def _learn_last(self, lane: _Lane) -> None:
        """What a row's last token followed."""
        if self.profile.draft_tokens:
            for ngrams in (lane.ngrams, self.waiting.ngrams):
                ngrams.learn(lane.ids, len(lane.ids) - 1)


def decode_alone(context: LlamaContext, row: Row, how: Answering) -> None:
    """Answer one row as whoever runs the file for one user would: an empty cache, no padding, the
    prompt's last token in the prefill. What is timed is this."""
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
            (token,) = how.pick(context.logits(1), [row])
            row.take(token, how.end_ids, time.perf_counter() - started)
            how.on_step(1, int(not row.is_open))
            ids = [*ids, token]


def streams_of_step(lanes: int, width: int) -> int:
    """How many streams a step fills for so many lanes, idle ones included."""
    return rounded_up(max(lanes, -(-LEAST_TOKENS // width)), QUANTUM // math.gcd(QUANTUM, width))


def common_prefix(prompts: Sequence[list[int]]) -> int:
    """How many tokens all prompts begin with, a multiple of ``QUANTUM``; 0 where it is not worth
    anything. The last token of a prompt is never among them, and what a prompt has beyond them is
    enough for a batch: its tokens go in as they would without a common beginning."""
    if len(prompts) < 2:
        return 0
    first, last = min(prompts), max(prompts)
    most = min(len(p) for p in prompts) - 1
    common = next((i for i in range(most) if first[i] != last[i]), most) // QUANTUM * QUANTUM
    if any(0 < (len(p) - 1) // QUANTUM * QUANTUM - common < LEAST_TOKENS for p in prompts):
        common -= LEAST_TOKENS
    return common if common >= LEAST_PREFIX else 0
