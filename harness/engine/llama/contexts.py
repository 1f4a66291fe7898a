"""Creates the contexts of a GGUF model and distributes rows over them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock

from harness.engine.llama.context import CELLS, ContextShape, LlamaContext, rounded_up
from harness.engine.llama.decoding import (
    MIN_TOKENS,
    DecodingOptions,
    LlamaDecoder,
    RowQueue,
    decode_alone,
    streams_per_step,
)
from harness.engine.llama.library import LoadedModel
from harness.engine.llama.profile import choose_profile
from harness.engine.model import OnStep
from harness.engine.row import Row
from harness.machine.cores import usable_cores

ALONE_UBATCH_TOKENS = 256
"""Tokens computed at once for one row: more do not speed up prefill, which is compute-bound."""


class LlamaContexts:
    """Contexts are created on demand and reused for later rows of the same shape. Call
    ``close``."""

    def __init__(self, loaded: LoadedModel, cores: int | None) -> None:
        """``cores``: how many to use; ``None`` chooses."""
        self.loaded = loaded
        self.profile = choose_profile(loaded)
        self.cores = cores or usable_cores()
        self.cores_alone = 1 if self.profile.has_context_per_core and cores is None else self.cores
        self.opened: list[LlamaContext] = []

    def close(self) -> None:
        for context in self.opened:
            context.close()
        self.opened = []

    def answer_alone(self, rows: Sequence[Row], options: DecodingOptions) -> None:
        """Decode one row after the other, each in an empty cache."""
        for row in rows:
            cells, threads = self._cells([row]), self.cores_alone
            shape = ContextShape(1, cells, ALONE_UBATCH_TOKENS, 1, threads)
            decode_alone(self._contexts(1, shape)[0], row, options)

    def answer_together(self, rows: Sequence[Row], max_rows: int, options: DecodingOptions) -> int:
        """Decode rows in as many contexts as the profile says; returns how many rows were decoded
        at once, at most ``max_rows``."""
        profile = self.profile
        count, each = self.split(min(max_rows, len(rows)))
        streams = streams_per_step(each, profile.width) + 1
        threads = 1 if profile.has_context_per_core else self.cores
        cells, outputs = self._cells(rows), streams * profile.width
        shape = ContextShape(streams, cells, profile.max_ubatch_tokens, outputs, threads)
        options = replace(options, on_step=_locked(options.on_step))
        # Rows come sorted by length: every context begins with a mix of long and short ones.
        queue = RowQueue([row for first in range(count) for row in rows[first::count]])
        decoders = [
            LlamaDecoder(context, profile, each, options, queue)
            for context in self._contexts(count, shape)
        ]
        # llama.cpp releases Python's lock while it computes.
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(LlamaDecoder.run, decoders))
        return count * each

    def split(self, rows: int) -> tuple[int, int]:
        """The number of contexts for ``rows`` rows, and the rows that each decodes at once."""
        least = -(-MIN_TOKENS // self.profile.width)
        most = self.cores if self.profile.has_context_per_core else 1
        contexts = max(1, min(most, rows // least))
        return contexts, max(1, min(self.profile.max_rows, rows // contexts))

    def _cells(self, rows: Sequence[Row]) -> int:
        """Cells of the longest row. Its last token is never cached; draft tokens behind the one
        before it are."""
        return rounded_up(max(row.width for row in rows) - 1 + self.profile.draft_tokens, CELLS)

    def _contexts(self, count: int, shape: ContextShape) -> list[LlamaContext]:
        """``count`` contexts of one shape; open ones of another shape are closed first."""
        if self.opened and self.opened[0].shape != shape:
            self.close()
        while len(self.opened) < count:
            self.opened.append(LlamaContext(self.loaded, shape))
        return self.opened[:count]


def _locked(on_step: OnStep) -> OnStep:
    """A callback that one thread at a time enters."""
    lock = Lock()

    def locked(tokens: int, ended: int) -> None:
        with lock:
            on_step(tokens, ended)

    return locked
