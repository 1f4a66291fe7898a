"""Runs a model in its own process and survives that process's failures.

A crash, an out-of-memory kill or a hang loses the batch in flight: its requests come back as
completions with ``finish_reason`` ``error`` and the reason. The rest goes to a new process.
"""

import contextlib
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request, failed
from harness.core.record import ModelRecord
from harness.core.values import value_of
from harness.engine.events import Answered, Event, ModelOpened, Stepped
from harness.engine.model import Arrivals, EngineSettings, ModelUnopened, replacement
from harness.engine.tokenization import Tokenization
from harness.engine.worker_process import BackendDied, WorkerProcess

MAX_DEATHS_IN_A_ROW = 2
"""Consecutive processes that may die without answering a batch, before the rest is given up."""


class OperationFailed(HarnessError):
    """The open model cannot tokenize or give logits, or its process died."""


@dataclass
class RemoteModel:
    """One model in its own process, which ends with the answers.

    With ``stays_open`` the process waits for further requests until ``close``, so that they need no
    loading.
    """

    ref: ModelRef
    settings: EngineSettings
    stays_open: bool = False
    model: ModelRecord | None = None
    """Filled when the model has opened for the first time. Its measurements grow over all of its
    processes: seconds add up, and the peak is the largest."""
    available_mb: float | None = None
    """Free memory of the model's device after it had answered; ``None`` where unknown."""
    _process: WorkerProcess | None = None
    """The process with the open model."""
    _prewarmed: WorkerProcess | None = None
    """A prewarmed process without a model."""

    def prewarm(self) -> None:
        """Start the process, which imports the model's libraries in the background.

        It opens no model; an import error is reported when the model is opened.
        """
        self._prewarmed = WorkerProcess(self.settings.stall_seconds)
        with contextlib.suppress(BackendDied):
            self._prewarmed.send("import", ref=self.ref, settings=self.settings)

    def answers(
        self, requests: Sequence[Request]
    ) -> Generator[tuple[Request, Completion], None, None]:
        """The answers of ``events`` alone, in the order in which they come."""
        with closing(self.events(requests)) as events:
            for event in events:
                if isinstance(event, Answered):
                    yield event.request, event.completion

    def events(self, requests: Sequence[Request]) -> Generator[Event, None, None]:
        """Answer every request once.

        Raises:
            ModelUnopened: the backend said why it cannot open the model.
        """
        unanswered = {r.key: r for r in requests}
        deaths = 0
        is_drained = not unanswered
        try:
            while unanswered:
                try:
                    for event in self._from(list(unanswered.values())):
                        if isinstance(event, Answered):
                            deaths = 0
                            del unanswered[event.request.key]
                        yield event
                    is_drained = True
                except BackendDied as died:
                    deaths += 1
                    given_up = deaths >= MAX_DEATHS_IN_A_ROW or self.model is None
                    lost = list(unanswered) if given_up else self._in_flight
                    self.close()
                    for key in lost:
                        request = unanswered.pop(key)
                        yield Answered(self.ref, request, failed(request, str(died)))
        finally:
            # Remaining messages of this process must not be taken for answers to later requests.
            if not (self.stays_open and is_drained):
                self.close()

    def continuous_events(
        self, requests: Sequence[Request], arrivals: Arrivals
    ) -> Generator[Event, None, None]:
        """Answer requests, and those that arrive meanwhile, each as soon as it can be.

        A kept process that says nothing before it is found dead had died while nothing was asked:
        another one is asked.

        Raises:
            ModelUnopened: the backend said why it cannot open the model.
        """
        unanswered = {r.key: r for r in requests}
        is_drained, may_have_died, is_silent = False, self.is_open, True
        try:
            while not is_drained:
                try:
                    for event in self._continuously(unanswered, arrivals):
                        is_silent = is_silent and isinstance(event, ModelOpened)
                        yield event
                    is_drained = True
                except BackendDied as died:
                    self.close()
                    if not (may_have_died and is_silent):
                        for request in unanswered.values():
                            yield Answered(self.ref, request, failed(request, str(died)))
                        return
                    may_have_died = False
        finally:
            arrivals.listen(None)
            if not is_drained:
                self.close()

    def _continuously(self, unanswered: dict[str, Request], arrivals: Arrivals) -> Iterator[Event]:
        """The events of the process, which has ``unanswered`` requests at any time."""
        if self.end_reason is not None:
            self.close()
        process = self._process or self._open()
        assert self.model is not None
        yield ModelOpened(self.ref, self.model)
        started = time.perf_counter()
        process.send("enter", requests=list(unanswered.values()))
        arrivals.listen(process.wake)
        for message in process.messages():
            kind = message["kind"]
            if kind == "step":
                yield Stepped(
                    self.ref, message["tokens"], message["ended"], message.get("texts", {})
                )
            elif kind == "answered":
                self._mark_replaced(message["replacement"])
                for key, completion in zip(message["keys"], message["completions"], strict=True):
                    if request := unanswered.pop(key, None):
                        yield Answered(self.ref, request, value_of(Completion, completion))
            elif kind == "finished":
                self._measure(message, time.perf_counter() - started)
                started = time.perf_counter()
            _exchange(process, unanswered, arrivals)
            if kind == "finished" and not unanswered:
                return

    def measure(self, requests: Sequence[Request]) -> Generator[Event, None, None]:
        """Answer the batches that take the most memory, for the peak alone.

        Raises:
            ModelUnopened: as ``events`` does. A process that dies is not started again: the peak
                is then unknown.
        """
        is_drained = False
        try:
            yield from self._from(list(requests), "measure")
            is_drained = True
        except BackendDied as died:
            if self.model is None:
                raise ModelUnopened(str(died)) from None
            self.model = replace(self.model, peak_memory_mb=None)
        finally:
            if not (self.stays_open and is_drained):
                self.close()

    def batches(self, requests: Sequence[Request]) -> list[list[str]]:
        """Keys of the requests, in batches as the model divides them; opens the model.

        Raises:
            ModelUnopened: the backend cannot open the model, for the given reason.
            OperationFailed: the model fails on a request, or its process died.
        """
        keys: list[list[str]] = self._ask("batches", requests=list(requests))["keys"]
        return keys

    def encode(
        self, requests: Sequence[Request] = (), token_ids: Iterable[int] = ()
    ) -> Tokenization:
        """Tokenize ``requests``, and decode ``token_ids`` as well.

        Raises:
            ModelUnopened: the backend cannot open the model, for the given reason.
            OperationFailed: this kind of model cannot do it, or its process died.
        """
        message = self._ask("encode", requests=list(requests), token_ids=list(token_ids))
        return value_of(Tokenization, message["reading"])

    def logits(self, sequences: Sequence[Sequence[int]], path: Path) -> None:
        """Write the logits after the last token of each sequence to ``path``: ``.npy``, float32,
        ``[sequences, Vocabulary.logits]``. There is either a whole file or none.

        Raises:
            ModelUnopened, OperationFailed: as ``encode`` does.
        """
        self._ask("logits", sequences=[list(s) for s in sequences], path=str(path.absolute()))

    def _ask(self, kind: str, **values: object) -> dict[str, Any]:
        """Send one message and wait for the reply; starts a process where there is none."""
        is_drained = False
        try:
            process = self._process or self._open()
            process.send(kind, **values)
            message = next(m for m in process.messages() if m["kind"] != "step")
            is_drained = True
        except BackendDied as died:
            raise OperationFailed(f"--model {self.ref}: {died}") from None
        finally:
            if not (self.stays_open and is_drained):
                self.close()
        if message["kind"] == "failed":
            raise OperationFailed(f"--model {self.ref}: {message['reason']}")
        return message

    def close(self) -> None:
        """End the model's process, if there is one."""
        for process in (self._process, self._prewarmed):
            if process is not None:
                process.end()
        self._process = self._prewarmed = None

    @property
    def end_reason(self) -> str | None:
        """One line: why the process ended although nobody closed it; ``None`` where it did not."""
        return self._process.end_reason if self._process else None

    @property
    def is_open(self) -> bool:
        """True while its process is there, with the model open."""
        return self._process is not None

    @property
    def _in_flight(self) -> list[str]:
        return self._process.in_flight if self._process else []

    def _from(self, requests: list[Request], what: str = "generate") -> Iterator[Event]:
        """The events of the model's process, which is started when there is none."""
        process = self._process or self._open()
        assert self.model is not None
        yield ModelOpened(self.ref, self.model)
        by_key = {r.key: r for r in requests}
        started = time.perf_counter()
        process.send(what, requests=requests)
        for message in process.messages():
            match message["kind"]:
                case "started":
                    process.in_flight = message["keys"]
                case "step":
                    yield Stepped(
                        self.ref, message["tokens"], message["ended"], message.get("texts", {})
                    )
                case "answered":
                    process.in_flight = []
                    self._mark_replaced(message["replacement"])
                    completions = [value_of(Completion, c) for c in message["completions"]]
                    for key, completion in zip(message["keys"], completions, strict=True):
                        yield Answered(self.ref, by_key[key], completion)
                case "finished":
                    self._measure(message, time.perf_counter() - started)
                    return

    def _mark_replaced(self, reason: str | None) -> None:
        """Say in the model's record that its files became another model's."""
        if reason is not None:
            assert self.model is not None
            self.model = replace(self.model, error=reason)

    def _measure(self, finished: dict[str, Any], seconds: float) -> None:
        """Add the time and memory of answering to the model's record."""
        assert self.model is not None
        self.available_mb = finished["available_mb"]
        self.model = replace(
            self.model,
            peak_memory_mb=max(self.model.peak_memory_mb or 0.0, finished["peak_memory_mb"]),
            generate_seconds=(self.model.generate_seconds or 0.0) + seconds,
        )

    def _open(self) -> WorkerProcess:
        """A process with the model open."""
        self._process = process = self._started()
        process.send("open", ref=self.ref, settings=self.settings)
        for message in process.messages():
            match message["kind"]:
                case "opened":
                    described = value_of(ModelRecord, message["model"])
                    if reason := replacement(self.model, described):
                        self._mark_replaced(reason)
                        raise ModelUnopened(reason)
                    self.model = self.model or replace(described, load_seconds=message["seconds"])
                    return process
                case "unopened":
                    raise ModelUnopened(message["reason"])
        raise AssertionError("messages end by raising")

    def _started(self) -> WorkerProcess:
        """The prewarmed process, unless folder or environment have changed since; else a new
        one."""
        prewarmed, self._prewarmed = self._prewarmed, None
        if prewarmed is not None and prewarmed.is_as_started_here():
            return prewarmed
        if prewarmed is not None:
            prewarmed.end()
        return WorkerProcess(self.settings.stall_seconds)


def _exchange(process: WorkerProcess, unanswered: dict[str, Request], arrivals: Arrivals) -> None:
    """Tell the process which requests leave and which enter."""
    gone = [key for key in arrivals.leaving() if unanswered.pop(key, None)]
    if gone:
        process.send("leave", keys=gone)
    if entering := arrivals.entering():
        unanswered.update((r.key, r) for r in entering)
        process.send("enter", requests=entering)
