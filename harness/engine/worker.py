"""The backend's process: opens one model, answers requests until its input ends.

Run as ``python -m harness.engine.worker``. Reads messages from standard input, answers on standard
output (see ``harness.engine.channel``), and dies at once when the process that started it is gone.
"""

import importlib
import os
import queue
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from harness.core.errors import HarnessError, one_line
from harness.core.modelref import ModelRef
from harness.core.plan import Request, failed
from harness.core.stops import settled
from harness.core.values import value_of
from harness.engine.channel import (
    keep_stdin_for_messages,
    keep_stdout_for_messages,
    receive,
    send,
)
from harness.engine.model import INTERRUPTED, EngineSettings, OpenModel, StreamingModel
from harness.machine.memory import available_mb, is_out_of_memory, peak_memory_mb
from harness.model_files.opened_files import OpenedFiles

STEP_SECONDS = 0.1
"""Seconds between progress messages of a batch."""


class _Interrupted(Exception):
    """Ends a generation whose answers nobody waits for."""


class _Interruption:
    """Set while the answers to the last requests that were received are no longer wanted."""

    def __init__(self) -> None:
        self.is_set = False

    def note(self, kind: str) -> None:
        """Take notice of a message, in the order in which messages come."""
        self.is_set = kind == "interrupt" or (self.is_set and kind != "generate")


@dataclass(frozen=True, slots=True)
class Imported:
    """The outcome of importing a model's libraries, perhaps long before it is opened."""

    seconds: float
    error: Exception | None
    """Reported when the model is to be opened: importing again could fail in another way."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The open model, and the files that it was opened from."""

    model: OpenModel
    files: OpenedFiles


def main() -> None:
    messages, out = keep_stdin_for_messages(), keep_stdout_for_messages()
    inbox: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    interruption = _Interruption()
    threading.Thread(target=_listen, args=(messages, inbox, interruption), daemon=True).start()
    opened: Opened | None = None
    imported: Imported | None = None
    is_warm = False
    while True:
        message = inbox.get()
        if message["kind"] == "import":
            imported = _import_libraries(message)
            continue
        if message["kind"] == "open":
            opened = _open(message, out, imported or _import_libraries(message))
            continue
        assert opened is not None
        match message["kind"]:
            case "generate":
                requests = [value_of(Request, r) for r in message["requests"]]
                is_warm = _generate(opened, requests, out, is_warm, interruption)
            case "batches":
                _batches(opened, message, out)
            case "measure":
                _measure(opened, message, out)
            case "encode":
                _encode(opened, message, out)
            case "logits":
                _logits(opened, message, out)


def _listen(
    messages: IO[bytes], inbox: "queue.SimpleQueue[dict[str, Any]]", interruption: _Interruption
) -> None:
    for line in messages:
        message = receive(line)
        interruption.note(message["kind"])
        if message["kind"] != "interrupt":
            inbox.put(message)
    # The parent is gone: a generation in progress would only waste the machine.
    os._exit(0)


def _import_libraries(message: dict[str, Any]) -> Imported:
    """Import the libraries for opening the model, where its backend can do so in advance."""
    error: Exception | None = None
    started = time.perf_counter()
    try:
        ref, settings = _model_of(message)
        backend = importlib.import_module(f"harness.backends.{ref.kind}")
        if hasattr(backend, "import_libraries"):
            backend.import_libraries(ref, settings)
    except Exception as failure:
        error = failure
    return Imported(time.perf_counter() - started, error)


def _model_of(message: dict[str, Any]) -> tuple[ModelRef, EngineSettings]:
    return value_of(ModelRef, message["ref"]), value_of(EngineSettings, message["settings"])


def _open(message: dict[str, Any], out: IO[bytes], imported: Imported) -> Opened | None:
    ref, settings = _model_of(message)
    started = time.perf_counter() - imported.seconds
    try:
        if imported.error is not None:
            raise imported.error
        backend = importlib.import_module(f"harness.backends.{ref.kind}")
        files = OpenedFiles(backend.files(ref) if hasattr(backend, "files") else ())
        model: OpenModel = backend.open_model(ref, settings)
        described = model.describe()
        files.opened()
    except Exception as error:
        _report(error)
        send(out, "unopened", reason=one_line(error))
        return None
    send(out, "opened", model=described, seconds=time.perf_counter() - started)
    return Opened(model, files)


def _generate(
    opened: Opened,
    requests: Sequence[Request],
    out: IO[bytes],
    is_warm: bool,
    interruption: _Interruption | None = None,
) -> bool:
    """Answer the requests; returns whether the model has been warmed up to be timed.

    The files are looked at before each batch's answers are sent: an answer that is sent was made
    by the model that was described. Answers that are interrupted are errors.
    """
    model, streams = opened.model, _Streams(opened.model)
    waiting = deque(model.batches(requests))
    while waiting:
        batch = waiting.popleft()
        send(out, "started", keys=[r.key for r in batch])
        try:
            _require_same(opened)
            if batch[0].timed and not is_warm:
                model.generate(batch, lambda tokens, ended: None)
                is_warm = True
            streams.begin(batch)
            completions = model.generate(batch, _Progress(out, streams, interruption))
            _require_same(opened)
        except _Interrupted:
            completions = [failed(r, INTERRUPTED) for r in batch]
        except Exception as error:
            _report(error)
            if is_out_of_memory(error) and len(batch) > 1:
                waiting = deque(_halved([batch, *waiting], len(batch)))
                continue
            completions = [failed(r, one_line(error)) for r in batch]
        keys, replacement = [r.key for r in batch], opened.files.replacement()
        send(out, "answered", keys=keys, completions=completions, replacement=replacement)
    left = available_mb(model.describe().device)
    send(out, "finished", peak_memory_mb=peak_memory_mb(), available_mb=left)
    return is_warm


def _batches(opened: Opened, message: dict[str, Any], out: IO[bytes]) -> None:
    """Divide requests into batches and answer none: their keys are sent."""
    requests = [value_of(Request, r) for r in message["requests"]]
    try:
        batches = opened.model.batches(requests)
        send(out, "batches", keys=[[r.key for r in batch] for batch in batches])
    except Exception as error:
        _report(error)
        send(out, "failed", reason=one_line(error))


def _halved(batches: Iterable[list[Request]], rows: int) -> Iterator[list[Request]]:
    """Divide the batches of at least ``rows`` requests, which memory does not hold, in two."""
    for batch in batches:
        half = len(batch) // 2
        yield from (batch[:half], batch[half:]) if len(batch) >= rows else (batch,)


def _measure(opened: Opened, message: dict[str, Any], out: IO[bytes]) -> None:
    """Answer the batches that take the most memory: of the most rows, of the most text, and with
    the longest prompt. Nothing is sent but progress and the peak."""
    model = opened.model
    batches = model.batches([value_of(Request, r) for r in message["requests"]])
    ranks = (len, lambda batch: sum(map(_length, batch)), lambda batch: max(map(_length, batch)))
    heaviest = [max(batches, key=rank) for rank in ranks] if batches else []
    for index, batch in enumerate(heaviest):
        if batch not in heaviest[:index]:
            send(out, "started", keys=[])
            model.generate(batch, _Progress(out))
    left = available_mb(model.describe().device)
    send(out, "finished", peak_memory_mb=peak_memory_mb(), available_mb=left)


def _length(request: Request) -> int:
    return sum(len(message.content) for message in request.messages)


def _require_same(opened: Opened) -> None:
    if reason := opened.files.replacement():
        raise HarnessError(reason)


def _encode(opened: Opened, message: dict[str, Any], out: IO[bytes]) -> None:
    requests = [value_of(Request, r) for r in message["requests"]]
    try:
        _require_same(opened)
        send(out, "encoded", reading=opened.model.encode(requests, message["token_ids"]))
    except Exception as error:
        _report(error)
        send(out, "failed", reason=one_line(error))


def _logits(opened: Opened, message: dict[str, Any], out: IO[bytes]) -> None:
    """Write a ``.npy`` file; there is either a whole one or none."""
    path = Path(message["path"])
    part = path.with_name(path.name + ".part")
    sequences = message["sequences"]
    try:
        if not sequences:
            raise HarnessError("no sequence was given to have its logits")
        with part.open("wb") as file:
            for index, rows in enumerate(opened.model.logits(sequences)):
                if index == 0:
                    write_header(file, (len(sequences), rows.shape[1]))
                rows.tofile(file)
                send(out, "step", tokens=0, ended=0)
        _require_same(opened)
        part.replace(path)
    except Exception as error:
        part.unlink(missing_ok=True)
        _report(error)
        send(out, "failed", reason=one_line(error))
        return
    send(out, "written")


def write_header(file: IO[bytes], shape: tuple[int, int]) -> None:
    """Write the header of a ``.npy`` file of float32 (numpy's format, version 1); rows follow."""
    from numpy.lib.format import write_array_header_1_0

    write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})


class _Progress:
    """Sends progress messages of a batch, at most one every ``STEP_SECONDS``."""

    def __init__(
        self,
        out: IO[bytes],
        streams: "_Streams | None" = None,
        interruption: _Interruption | None = None,
    ) -> None:
        self.out = out
        self.streams = streams
        self.interruption = interruption or _Interruption()
        self.tokens = self.ended = 0
        self.last = time.perf_counter()

    def __call__(self, tokens: int, ended: int) -> None:
        if self.interruption.is_set:
            raise _Interrupted
        self.tokens += tokens
        self.ended += ended
        if (now := time.perf_counter()) - self.last >= STEP_SECONDS:
            texts = {"texts": self.streams.texts()} if self.streams and self.streams.stops else {}
            send(self.out, "step", tokens=self.tokens, ended=self.ended, **texts)
            self.tokens, self.ended, self.last = 0, 0, now


class _Streams:
    """The text of streamed answers that was reported so far, which a batch that is divided and
    begun again goes on with."""

    def __init__(self, model: OpenModel) -> None:
        self.model = model
        self.stops: dict[str, tuple[str, ...]] = {}
        """Streamed requests of the batch in progress, each with its stops."""
        self.sent: dict[str, str] = {}

    def begin(self, batch: Iterable[Request]) -> None:
        self.stops = {r.key: r.stop for r in batch if r.streamed}

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


def _report(error: Exception) -> None:
    """Leave the traceback on standard error, which the harness keeps as the backend's log."""
    traceback.print_exception(error, file=sys.stderr)
    sys.stderr.flush()


if __name__ == "__main__":
    main()
