"""Messages about a batch in progress: tokens, and the text of streamed answers."""

import time
from collections.abc import Iterable
from typing import IO

from harness.core.plan import Request
from harness.core.stops import settled
from harness.engine.channel import send
from harness.engine.model import OpenModel, StreamingModel

STEP_SECONDS = 0.1
"""Seconds between progress messages of a batch."""


class Progress:
    """Sends progress messages of a batch, at most one every ``STEP_SECONDS``."""

    def __init__(self, out: IO[bytes], streams: "Streams | None" = None) -> None:
        self.out = out
        self.streams = streams
        self.tokens = self.ended = 0
        self.last = time.perf_counter()

    def begin(self, batch: Iterable[Request]) -> None:
        """A batch of a plan begins."""
        if self.streams is not None:
            self.streams.begin(batch)
        self.tokens, self.ended, self.last = 0, 0, time.perf_counter()

    def __call__(self, tokens: int, ended: int) -> None:
        self.tokens += tokens
        self.ended += ended
        if (now := time.perf_counter()) - self.last >= STEP_SECONDS:
            texts = {"texts": self.streams.texts()} if self.streams and self.streams.stops else {}
            send(self.out, "step", tokens=self.tokens, ended=self.ended, **texts)
            self.tokens, self.ended, self.last = 0, 0, now


class Streams:
    """The text of streamed answers that was reported so far, which a batch that is divided and
    begun again goes on with."""

    def __init__(self, model: OpenModel) -> None:
        self.model = model
        self.stops: dict[str, tuple[str, ...]] = {}
        """Streamed requests of the batch in progress, each with its stops."""
        self.sent: dict[str, str] = {}

    def begin(self, batch: Iterable[Request]) -> None:
        self.stops = {r.key: r.stop for r in batch if r.streamed}

    def begin_one(self, request: Request) -> None:
        """Report one more request's text, from its first character."""
        self.end([request.key])
        if request.streamed:
            self.stops[request.key] = request.stop

    def end(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.stops.pop(key, None)
            self.sent.pop(key, None)

    def texts(self) -> dict[str, str]:
        """The text that was appended since the last call, by the request's key.

        Bytes at the end that are no character yet are withheld, and so is what may become a stop,
        and everything once a tokenizer has changed its reading of what was reported.
        """
        found: dict[str, str] = {}
        if not isinstance(self.model, StreamingModel):
            return found
        for key, stops in self.stops.items():
            text = settled(self.model.text_so_far(key).rstrip("\ufffd"), stops)
            sent = self.sent.get(key, "")
            if len(text) > len(sent) and text.startswith(sent):
                self.sent[key], found[key] = text, text[len(sent) :]
        return found
