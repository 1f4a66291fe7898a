"""The contexts of a GGUF model: how many there are, of what shape, and which rows each decodes."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock

from harness.engine.llama.context import CELLS, LlamaContext, Shape, rounded_up
from harness.engine.llama.decoding import (
    LEAST_TOKENS,
    Answering,
    LlamaDecoder,
    Waiting,
    decode_alone,
    streams_of_step,
)
from harness.engine.llama.library import LoadedModel
from harness.engine.llama.profile import choose_profile
from harness.engine.model import OnStep
from harness.engine.row import Row
from harness.machine.cores import usable_cores

ALONE_UBATCH_TOKENS = 256
"""Tokens computed at once for one row: prefill is bound by arithmetic long before."""


class LlamaContexts:
    """Made when rows ask for them, and kept for the next rows that they fit. Close them."""

    def __init__(self, loaded: LoadedModel, cores: int | None) -> None:
        """``cores``: how many to use, or ``None`` for what pays."""
        self.loaded = loaded
        self.profile = choose_profile(loaded)
        self.cores = cores or usable_cores()
        self.cores_alone = 1 if self.profile.has_context_per_core and cores is None else self.cores
        self.opened: list[LlamaContext] = []

    def close(self) -> None:
        for context in self.opened:
            context.close()
        self.opened = []

    def answer_alone(self, rows: Sequence[Row], how: Answering) -> None:
        """One row after the other, each in an empty cache."""
        for row in rows:
            cells, threads = self._cells([row]), self.cores_alone
            shape = Shape(1, cells, ALONE_UBATCH_TOKENS, 1, threads)
            decode_alone(self._contexts(1, shape)[0], row, how)

    def answer_together(self, rows: Sequence[Row], most_rows: int, how: Answering) -> int:
        """In as many contexts as the model's profile has. How many rows were decoded at once, which
        is at most ``most_rows``."""
        profile = self.profile
        count, each = self.split(min(most_rows, len(rows)))
        streams = streams_of_step(each, profile.width) + 1
        threads = 1 if profile.has_context_per_core else self.cores
        cells, outputs = self._cells(rows), streams * profile.width
        shape = Shape(streams, cells, profile.most_ubatch_tokens, outputs, threads)
        how = replace(how, on_step=_one_at_a_time(how.on_step))
        # The rows are in the order of their length: every context begins with long and short ones.
        waiting = Waiting([row for first in range(count) for row in rows[first::count]])
        decoders = [
            LlamaDecoder(context, profile, each, how, waiting)
            for context in self._contexts(count, shape)
        ]
        # llama.cpp computes without Python's lock.
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(LlamaDecoder.run, decoders))
        return count * each

    def split(self, rows: int) -> tuple[int, int]:
        """Into how many contexts so many rows go, and how many of them each decodes at once."""
        least = -(-LEAST_TOKENS // self.profile.width)
        most = self.cores if self.profile.has_context_per_core else 1
        contexts = max(1, min(most, rows // least))
        return contexts, max(1, min(self.profile.most_rows, rows // contexts))

    def _cells(self, rows: Sequence[Row]) -> int:
        """A row's last token is never cached; what is guessed behind the one before it is."""
        return rounded_up(max(row.width for row in rows) - 1 + self.profile.draft_tokens, CELLS)

    def _contexts(self, count: int, shape: Shape) -> list[LlamaContext]:
        """So many of one shape: those that are open, where they are like it."""
        if self.opened and self.opened[0].shape != shape:
            self.close()
        while len(self.opened) < count:
            self.opened.append(LlamaContext(self.loaded, shape))
        return self.opened[:count]


def _one_at_a_time(on_step: OnStep) -> OnStep:
    """Of several threads."""
    lock = Lock()

    def told(tokens: int, ended: int) -> None:
        with lock:
            on_step(tokens, ended)

    return told
