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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from harness.core.completion import Completion
from harness.core.errors import HarnessError, one_line
from harness.core.modelref import ModelRef
from harness.core.plan import Request, failed
from harness.core.values import value_of
from harness.engine.channel import (
    keep_stdin_for_messages,
    keep_stdout_for_messages,
    receive,
    send,
)
from harness.engine.continuous import ContinuousModel, OpenBatch
from harness.engine.model import EngineSettings, OpenModel
from harness.engine.worker_progress import Progress, Streams
from harness.machine.memory import available_mb, is_out_of_memory, peak_memory_mb
from harness.model_files.opened_files import OpenedFiles


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
    threading.Thread(target=_listen, args=(messages, inbox), daemon=True).start()
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
                is_warm = _generate(opened, requests, out, is_warm)
            case "enter":
                _generate_continuously(opened, message, inbox, out)
            case "leave":
                pass  # The last answer was on its way when its request was given up.
            case "batches":
                _batches(opened, message, out)
            case "measure":
                _measure(opened, message, out)
            case "encode":
                _encode(opened, message, out)
            case "logits":
                _logits(opened, message, out)


def _listen(messages: IO[bytes], inbox: "queue.SimpleQueue[dict[str, Any]]") -> None:
    for line in messages:
        inbox.put(receive(line))
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


def _generate(opened: Opened, requests: Sequence[Request], out: IO[bytes], is_warm: bool) -> bool:
    """Answer the requests; returns whether the model has been warmed up to be timed.

    The files are looked at before each batch's answers are sent: an answer that is sent was made
    by the model that was described.
    """
    progress = Progress(out, Streams(opened.model))
    is_warm = _answer(opened, requests, progress, is_warm)
    _finish(opened.model, out)
    return is_warm


def _answer(opened: Opened, requests: Sequence[Request], progress: Progress, is_warm: bool) -> bool:
    """Answer the requests in batches; returns as ``_generate`` does."""
    model, out = opened.model, progress.out
    waiting = deque(model.batches(requests))
    while waiting:
        batch = waiting.popleft()
        send(out, "started", keys=[r.key for r in batch])
        try:
            _require_same(opened)
            if batch[0].timed and not is_warm:
                model.generate(batch, lambda tokens, ended: None)
                is_warm = True
            progress.begin(batch)
            completions = model.generate(batch, progress)
            _require_same(opened)
        except Exception as error:
            _report(error)
            if is_out_of_memory(error) and len(batch) > 1:
                waiting = deque(_halved([batch, *waiting], len(batch)))
                continue
            completions = [failed(r, one_line(error)) for r in batch]
        keys, replacement = [r.key for r in batch], opened.files.replacement()
        send(out, "answered", keys=keys, completions=completions, replacement=replacement)
    return is_warm


def _finish(model: OpenModel, out: IO[bytes]) -> None:
    device = model.describe().device
    peak, left = peak_memory_mb(device), available_mb(device)
    send(out, "finished", peak_memory_mb=peak, available_mb=left)


def _generate_continuously(
    opened: Opened,
    first: Mapping[str, Any],
    inbox: "queue.SimpleQueue[dict[str, Any]]",
    out: IO[bytes],
) -> None:
    """Answer requests, and others that come meanwhile, until there are none; each answer is sent as
    soon as it is there.

    Where decoding them together fails for want of memory, those that were decoded are answered in
    batches, which may be halved.
    """
    streams = Streams(opened.model)

    def answered(pairs: Sequence[tuple[Request, Completion]]) -> None:
        replacement = opened.files.replacement()
        keys = [request.key for request, _ in pairs]
        completions = [failed(r, replacement) if replacement else c for r, c in pairs]
        streams.end(keys)
        send(out, "answered", keys=keys, completions=completions, replacement=replacement)

    batch = OpenBatch((), partial(_received, inbox, [first]), streams.begin_one, answered)
    while batch.waiting:
        lost: list[Request] = []
        try:
            assert isinstance(opened.model, ContinuousModel)
            opened.model.generate_continuously(batch, Progress(out, streams))
        except Exception as error:
            _report(error)
            lost = batch.abandon()
            if not is_out_of_memory(error):
                answered([(request, failed(request, one_line(error))) for request in lost])
                lost = []
        # Not while the error is there, whose traceback holds all that has filled the memory.
        if lost:
            _answer(opened, lost, Progress(out, streams), is_warm=True)
    _finish(opened.model, out)


def _received(
    inbox: "queue.SimpleQueue[dict[str, Any]]", first: list[Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    """The messages that are there, after ``first``, which is emptied."""
    while first:
        yield first.pop()
    with suppress(queue.Empty):
        while True:
            yield inbox.get_nowait()


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
            model.generate(batch, Progress(out))
    _finish(model, out)


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


def _report(error: Exception) -> None:
    """Leave the traceback on standard error, which the harness keeps as the backend's log."""
    traceback.print_exception(error, file=sys.stderr)
    sys.stderr.flush()


if __name__ == "__main__":
    main()
