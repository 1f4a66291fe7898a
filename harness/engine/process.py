"""Hosts a backend in a process of its own and gets the answers out of it, whatever it does.

A crash, an out-of-memory kill or a hang costs the batch in flight: its requests come back as
completions with ``finish_reason`` ``error`` and the reason. The rest goes to a new process.
"""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.core.record import ModelRecord
from harness.engine.channel import receive, send, value_of
from harness.engine.model import EngineSettings
from harness.engine.reading import Reading
from harness.engine.spinning import BOUNDED_SPINNING
from harness.engine.worker import failed

MOST_DEATHS_IN_A_ROW = 2
"""Processes that die one after the other without answering a batch, before the rest is given up."""
LOG_LINES = 3
"""Lines of a dead process' log that go into the reason."""

Answer = tuple[Request, Completion]


class BackendDied(Exception):
    """The process is gone or hangs; the message says how."""


class ModelUnopened(HarnessError):
    """The backend could not open the model."""


class OperationFailed(HarnessError):
    """The model is open, and what was asked of it beside answers cannot be had."""


@dataclass
class Generation:
    """One model at work: iterate over ``answers``, then read ``model``.

    The model's process ends with the answers. With ``stays_open`` it waits for further requests,
    so that asking again costs no loading, until ``close``.
    """

    ref: ModelRef
    settings: EngineSettings
    on_step: Callable[[int, int], None] = lambda tokens, ended: None
    stays_open: bool = False
    model: ModelRecord | None = None
    """Filled when the model has opened; its measurements when the answers have ended."""
    available_mb: float | None = None
    """Memory left beside the model when it had answered, where it lives; ``None``: not known."""
    _process: "_Process | None" = None

    def answers(self, requests: Sequence[Request]) -> Generator[Answer, None, None]:
        """Answer every request once, in the order in which the answers come.

        Raises:
            ModelUnopened: the backend said why it cannot open the model.
        """
        open_requests = {r.key: r for r in requests}
        deaths = 0
        is_heard_out = False
        try:
            while open_requests:
                try:
                    for answered in self._from(list(open_requests.values())):
                        deaths = 0
                        for request, completion in answered:
                            del open_requests[request.key]
                            yield request, completion
                    is_heard_out = True
                except BackendDied as died:
                    deaths += 1
                    given_up = deaths >= MOST_DEATHS_IN_A_ROW or self.model is None
                    lost = list(open_requests) if given_up else self._in_flight
                    self.close()
                    for key in lost:
                        request = open_requests.pop(key)
                        yield request, failed(request, str(died))
        finally:
            # What a process still has to say must not be taken for an answer to the next requests.
            if not (self.stays_open and is_heard_out):
                self.close()

    def encode(self, requests: Sequence[Request] = (), token_ids: Iterable[int] = ()) -> Reading:
        """What the model reads of ``requests``, and the texts of ``token_ids`` besides.

        Raises:
            ModelUnopened: the backend said why it cannot open the model.
            OperationFailed: this kind of model cannot say, or its process died.
        """
        message = self._ask("encode", requests=list(requests), token_ids=list(token_ids))
        return value_of(Reading, message["reading"])

    def logits(self, sequences: Sequence[Sequence[int]], path: Path) -> None:
        """Write the logits after the last token of each sequence to ``path``: ``.npy``, float32,
        ``[sequences, Vocabulary.logits]``. There is either a whole file or none.

        Raises:
            ModelUnopened, OperationFailed: as ``encode`` does.
        """
        self._ask("logits", sequences=[list(s) for s in sequences], path=str(path.absolute()))

    def _ask(self, kind: str, **values: object) -> dict[str, Any]:
        """The answer to one question, from a process that is started when there is none."""
        is_heard_out = False
        try:
            process = self._process or self._open()
            process.send(kind, **values)
            message = next(m for m in process.messages() if m["kind"] != "step")
            is_heard_out = True
        except BackendDied as died:
            raise OperationFailed(f"--model {self.ref}: {died}") from None
        finally:
            if not (self.stays_open and is_heard_out):
                self.close()
        if message["kind"] == "failed":
            raise OperationFailed(f"--model {self.ref}: {message['reason']}")
        return message

    def close(self) -> None:
        """End the model's process, if there is one."""
        if self._process is not None:
            self._process.end()
            self._process = None

    @property
    def is_open(self) -> bool:
        """Whether its process is there."""
        return self._process is not None

    @property
    def _in_flight(self) -> list[str]:
        return self._process.in_flight if self._process else []

    def _from(self, requests: list[Request]) -> Iterator[list[Answer]]:
        """The batches of answers of the model's process, which is started when there is none."""
        process = self._process or self._open()
        by_key = {r.key: r for r in requests}
        started = time.perf_counter()
        process.send("generate", requests=requests)
        for message in process.messages():
            match message["kind"]:
                case "started":
                    process.in_flight = message["keys"]
                case "step":
                    self.on_step(message["tokens"], message["ended"])
                case "answered":
                    process.in_flight = []
                    completions = [value_of(Completion, c) for c in message["completions"]]
                    yield [
                        (by_key[k], c) for k, c in zip(message["keys"], completions, strict=True)
                    ]
                case "finished":
                    assert self.model is not None
                    before = self.model.generate_seconds or 0.0
                    self.available_mb = message["available_mb"]
                    self.model = replace(
                        self.model,
                        peak_memory_mb=message["peak_memory_mb"],
                        generate_seconds=before + time.perf_counter() - started,
                    )
                    return

    def _open(self) -> "_Process":
        """A process with the model open."""
        self._process = process = _Process(self.settings.stall_seconds)
        process.send("open", ref=self.ref, settings=self.settings)
        for message in process.messages():
            match message["kind"]:
                case "opened":
                    described = value_of(ModelRecord, message["model"])
                    self.model = replace(described, load_seconds=message["seconds"])
                    return process
                case "unopened":
                    raise ModelUnopened(message["reason"])
        raise AssertionError("messages end by raising")


class _Process:
    """A running ``harness.engine.worker``."""

    def __init__(self, stall_seconds: float) -> None:
        self.stall_seconds = stall_seconds
        self.in_flight: list[str] = []
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "harness.engine.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            # Ctrl-C is for us alone: we end the process when we have saved what there is.
            start_new_session=True,
            cwd=Path.cwd(),
            env={**BOUNDED_SPINNING, **os.environ},
        )
        self.inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def end(self) -> None:
        """End the process, however busy it is."""
        self.popen.kill()
        self.popen.wait()
        self.listener.join()
        for stream in (self.popen.stdin, self.popen.stdout):
            if stream is not None:
                _close_quietly(stream)
        self.log.close()

    def send(self, kind: str, **values: object) -> None:
        assert self.popen.stdin is not None
        try:
            send(self.popen.stdin, kind, **values)
        except OSError:
            raise BackendDied(self._how_it_ended()) from None

    def messages(self) -> Iterator[dict[str, Any]]:
        """What the process says, until it has nothing more to say."""
        while True:
            try:
                line = self.inbox.get(timeout=self.stall_seconds)
            except queue.Empty:
                raise BackendDied(
                    f"the backend hung: no word for {self.stall_seconds:g} s"
                ) from None
            if not line:
                raise BackendDied(self._how_it_ended())
            yield receive(line)

    def _listen(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self.inbox.put(line)
        self.inbox.put(b"")

    def _how_it_ended(self) -> str:
        code = self.popen.wait()
        if code == -signal.SIGKILL:
            how = "was killed (SIGKILL); when nobody killed it, it ran out of memory"
        elif code < 0:
            how = f"crashed ({signal.Signals(-code).name})"
        else:
            how = f"ended with exit code {code}"
        tail = self._log_tail()
        return f"the backend's process {how}" + (f"; it last said: {tail}" if tail else "")

    def _log_tail(self) -> str:
        self.log.seek(0)
        lines = self.log.read()[-4000:].decode("utf-8", "replace").splitlines()
        return " | ".join(line.strip() for line in lines[-LOG_LINES:] if line.strip())


def _close_quietly(stream: Any) -> None:
    """Close a pipe to a process that is gone: what is still buffered has no reader."""
    with contextlib.suppress(OSError):
        stream.close()
