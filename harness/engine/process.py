"""Hosts a backend in a process of its own and gets the answers out of it, whatever it does.

A crash, an out-of-memory kill or a hang costs the batch in flight: its requests come back as
completions with ``finish_reason`` ``error`` and the reason. The rest goes to a new process.
"""

import contextlib
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request, failed
from harness.core.record import ModelRecord
from harness.engine.channel import value_of
from harness.engine.model import EngineSettings
from harness.engine.tokenization import Tokenization
from harness.engine.worker_process import BackendDied, WorkerProcess

MOST_DEATHS_IN_A_ROW = 2
"""Processes that die one after the other without answering a batch, before the rest is given up."""

Answer = tuple[Request, Completion]


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
    _process: WorkerProcess | None = None
    """With the model open."""
    _prepared: WorkerProcess | None = None
    """Without a model yet."""

    def prepare(self) -> None:
        """Start the model's process, which imports what opening takes while others are at work.

        Nothing is opened, so nothing can be missing; an import that fails is told when the model is
        asked.
        """
        self._prepared = WorkerProcess(self.settings.stall_seconds)
        with contextlib.suppress(BackendDied):
            self._prepared.send("prepare", ref=self.ref, settings=self.settings)

    def answers(self, requests: Sequence[Request]) -> Generator[Answer, None, None]:
        """Answer every request once, in the order in which the answers come.

        Raises:
            ModelUnopened: the backend said why it cannot open the model.
        """
        open_requests = {r.key: r for r in requests}
        deaths = 0
        is_drained = False
        try:
            while open_requests:
                try:
                    for answered in self._from(list(open_requests.values())):
                        deaths = 0
                        for request, completion in answered:
                            del open_requests[request.key]
                            yield request, completion
                    is_drained = True
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
            if not (self.stays_open and is_drained):
                self.close()

    def encode(
        self, requests: Sequence[Request] = (), token_ids: Iterable[int] = ()
    ) -> Tokenization:
        """What the model reads of ``requests``, and the texts of ``token_ids`` besides.

        Raises:
            ModelUnopened: the backend said why it cannot open the model.
            OperationFailed: this kind of model cannot say, or its process died.
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
        """The answer to one question, from a process that is started when there is none."""
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
        for process in (self._process, self._prepared):
            if process is not None:
                process.end()
        self._process = self._prepared = None

    @property
    def is_open(self) -> bool:
        """Whether its process is there, with the model open."""
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

    def _open(self) -> WorkerProcess:
        """A process with the model open."""
        self._process = process = self._started()
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

    def _started(self) -> WorkerProcess:
        """The process that was prepared, unless it would run otherwise than one started here."""
        prepared, self._prepared = self._prepared, None
        if prepared is not None and prepared.is_as_started_here():
            return prepared
        if prepared is not None:
            prepared.end()
        return WorkerProcess(self.settings.stall_seconds)
