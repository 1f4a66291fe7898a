"""Has one model answer a question, and stops it on Ctrl-C without losing the model."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue

from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request, failed
from harness.engine.host import ModelHost
from harness.serve.batching import Batching, OnText, Unavailable

STOPPED = "stopped before it was whole"


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's answer to one question."""

    completion: Completion
    text: str
    """The completion's; of a stopped answer, as much of it as was told."""
    seconds: float
    """From the question to the last token, as the user waited."""
    is_stopped: bool = False

    @property
    def has_text(self) -> bool:
        """There is an answer, and it is not empty."""
        return self.completion.error is None and self.text != ""

    @property
    def said(self) -> str | None:
        """The text with which a conversation goes on; ``None`` where there is none."""
        if self.is_stopped:
            return self.text or None
        return None if self.completion.error is not None else self.text

    @property
    def error(self) -> str | None:
        """Why there is no answer, unless it was stopped."""
        return None if self.is_stopped else self.completion.error


class ChatModel:
    """One model, open for the whole conversation."""

    def __init__(
        self, ref: ModelRef, host: ModelHost, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """
        Args:
            ref: the model.
            host: its own, since a host keeps one model open.
            clock: seconds.
        """
        self.ref = ref
        self._host = host
        self._clock = clock
        self._batching = Batching(host, ref)

    def start(self) -> None:
        """Open the model in the background."""
        self._batching.start()

    def wait_until_open(self) -> None:
        """Return once the model is open.

        Raises:
            HarnessError: it cannot be opened, for the reason that its backend says.
        """
        if problem := self._batching.opened.result():
            raise HarnessError(f"--model {self.ref}: {problem}")

    def ask(self, request: Request, on_text: OnText) -> Answer:
        """The answer; ``on_text`` is called with each piece of its text, in this thread. Ctrl-C
        stops it: what was told of it is the answer then."""
        started, said = self._clock(), ""
        pieces: SimpleQueue[str | None] = SimpleQueue()
        waiting = self._batching.submit(request, pieces.put)
        waiting.add_done_callback(lambda _: pieces.put(None))
        while True:
            try:
                piece = pieces.get()
                if piece is None or waiting.cancelled():
                    break
                said += piece
                on_text(piece)
            except KeyboardInterrupt:
                waiting.cancel()
                self._host.interrupt(self.ref)
        seconds = self._clock() - started
        if waiting.cancelled():
            return Answer(failed(request, STOPPED), said, seconds, is_stopped=True)
        try:
            completion = waiting.result()
        except Unavailable as error:
            completion = failed(request, str(error))
        return Answer(completion, completion.text, seconds)

    def close(self) -> None:
        """End the model."""
        self._batching.close()
