"""Creates the contexts of a GGUF model and distributes rows over them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock

from harness.engine.llama.context import CELLS, ContextShape, LlamaContext, rounded_up
from harness.engine.llama.decoding import (
    DecodingOptions,
    LlamaDecoder,
    decode_alone,
    streams_per_step,
)
from harness.engine.llama.library import LoadedModel, processor_features
from harness.engine.llama.profile import choose_profile
from harness.engine.llama.row_queue import MIN_TOKENS, GivenQueue, RowQueue
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
        self.cores = cores or usable_cores()
        self.profile = choose_profile(loaded, self.cores, processor_features())
        self.cores_alone = 1 if self.profile.draft_tokens and cores is None else self.cores
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
        count, each = self.split(min(max_rows, len(rows)))
        contexts = self._contexts(count, self._shape(each, self._cells(rows)))
        # Rows come sorted by length: every context begins with a mix of long and short ones.
        queue = GivenQueue([row for first in range(count) for row in rows[first::count]])
        self._run(contexts, each, options, queue)
        return count * each

    def answer_arriving(
        self,
        max_rows: int,
        width: int,
        options: DecodingOptions,
        queue: Callable[[int, int], RowQueue],
    ) -> None:
        """Decode the rows of a queue until it has no more.

        Args:
            max_rows: rows that are decoded at once.
            width: the longest row that has to fit.
            options: as for ``answer_together``.
            queue: the queue for a number of decoders, each of which holds rows up to a width.
        """
        count, each = self.split(max_rows)
        needed = self._shape(each, self._cells_of(width))
        kept = self.opened[0].shape if len(self.opened) == count else needed
        is_enough = kept.cells >= needed.cells
        shape = replace(needed, cells=kept.cells) if is_enough else needed
        contexts = self._contexts(count, shape)
        room = shape.cells + 1 - self.profile.draft_tokens
        self._run(contexts, each, options, queue(count, room))

    def _run(
        self,
        contexts: Sequence[LlamaContext],
        each: int,
        options: DecodingOptions,
        queue: RowQueue,
    ) -> None:
        options = replace(options, on_step=_locked(options.on_step))
        decoders = [
            LlamaDecoder(context, self.profile, each, options, queue) for context in contexts
        ]
        # llama.cpp releases Python's lock while it computes.
        with ThreadPoolExecutor(len(decoders)) as pool:
            list(pool.map(LlamaDecoder.run, decoders))

    def _shape(self, rows: int, cells: int) -> ContextShape:
        """The shape of a context for so many rows of so many cells."""
        profile = self.profile
        streams = streams_per_step(rows, profile.width) + 1
        threads = 1 if profile.has_context_per_core else self.cores
        outputs = streams * profile.width
        ubatch, has_flash = profile.max_ubatch_tokens, profile.has_flash_attention
        return ContextShape(streams, cells, ubatch, outputs, threads, has_flash)

    def split(self, rows: int) -> tuple[int, int]:
        """The number of contexts for ``rows`` rows, and the rows that each decodes at once."""
        least = -(-MIN_TOKENS // self.profile.width)
        most = self.cores if self.profile.has_context_per_core else 1
        contexts = max(1, min(most, rows // least))
        return contexts, max(1, min(self.profile.max_rows, rows // contexts))

    def _cells(self, rows: Sequence[Row]) -> int:
        return self._cells_of(max(row.width for row in rows))

    def _cells_of(self, width: int) -> int:
        """Cells of the longest row. Its last token is never cached; draft tokens behind the one
        before it are."""
        return rounded_up(width - 1 + self.profile.draft_tokens, CELLS)

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
