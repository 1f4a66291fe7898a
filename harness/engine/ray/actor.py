"""The part of a worker that runs on a node: one model in a process of its own.

The process is the one that a model has without Ray, so batching, measuring and errors are the same,
and a crash of the model ends neither the actor nor the run.
"""

import importlib
import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from harness import __version__
from harness.core.completion import Completion
from harness.core.errors import HarnessError, one_line
from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.core.record import ModelRecord
from harness.engine.events import Answered, Event
from harness.engine.model import EngineSettings, ModelUnopened
from harness.engine.process import RemoteModel
from harness.machine.environment import versions as installed
from harness.model_files.fingerprint import sha256_of_file


@dataclass(frozen=True, slots=True)
class Reply:
    """The outcome of a batch, or of measuring."""

    answers: tuple[tuple[str, Completion], ...]
    """By key of the request, in the order of the answers."""
    peak_memory_mb: float | None = None
    """Of the model's processes in this worker so far."""
    is_open: bool = True
    """False where the model's process died."""
    replaced: str | None = None
    """Reason why the model's files are no longer those that were opened."""
    unopened: str | None = None
    """Reason why the model could not be opened again."""


def versions(libraries: Sequence[str]) -> dict[str, str | None]:
    """Versions in this process of the harness and of packages; ``None`` where one is not there."""
    found = installed(libraries)
    return {"slm-harness": __version__, **{name: found.get(name) for name in libraries}}


def file_hashes(ref: ModelRef) -> list[tuple[str, str]]:
    """Name and SHA-256 of the files that a model opens from, in their order; none where its kind
    does not say.

    Raises:
        HarnessError: a part of the model is on the hub and was never downloaded.
    """
    backend = importlib.import_module(f"harness.backends.{ref.kind}")
    files = backend.files(ref) if hasattr(backend, "files") else ()
    return [(file.name, sha256_of_file(file)) for file in files]


class ModelActor:
    """One model on a node; methods run one after the other."""

    def facts(self, libraries: Sequence[str]) -> tuple[str, dict[str, str | None]]:
        """The node's address and its ``versions``, in plain values: another version of the harness
        could not read ours."""
        import ray

        address: str = ray.util.get_node_ip_address()
        return address, versions(libraries)

    def open(
        self,
        folder: str,
        ref: ModelRef,
        settings: EngineSettings,
        hashes: Sequence[tuple[str, str]],
    ) -> ModelRecord | str:
        """Open the model, as in ``folder``; returns its record, or the reason against it.

        Args:
            folder: working directory of the session, from which locations are read.
            ref: the model.
            settings: the way to open it.
            hashes: ``file_hashes`` of the session's machine; empty where they are not known there.
        """
        try:
            os.chdir(folder)
        except OSError:
            return f"the folder {folder} is not there: all machines need the same paths"
        try:
            importlib.import_module(f"harness.backends.{ref.kind}").preflight(ref, settings)
            if hashes and (reason := _difference(hashes, file_hashes(ref))):
                return reason
            self.remote = RemoteModel(ref, settings, stays_open=True)
            self.remote.batches(())
        except Exception as error:
            return one_line(error).removeprefix(f"--model {ref}: ")
        assert self.remote.model is not None
        return self.remote.model

    def batches(self, requests: Sequence[Request]) -> list[list[str]] | str:
        """Keys of the requests, in batches as the model divides them; the reason where it
        cannot."""
        try:
            return self.remote.batches(requests)
        except HarnessError as error:
            return one_line(error)

    def answer(self, batch: Sequence[Request]) -> Reply:
        """Answer one batch."""
        return self._reply(self.remote.events(batch))

    def measure(self, requests: Sequence[Request]) -> Reply:
        """Answer the batches that take the most memory, for the peak alone."""
        return self._reply(self.remote.measure(requests))

    def _reply(self, events: Generator[Event, None, None]) -> Reply:
        answers, unopened = [], None
        try:
            for event in events:
                if isinstance(event, Answered):
                    answers.append((event.request.key, event.completion))
        except ModelUnopened as error:
            unopened = str(error)
        model = self.remote.model
        assert model is not None
        return Reply(
            tuple(answers), model.peak_memory_mb, self.remote.is_open, model.error, unopened
        )


def _difference(ours: Sequence[tuple[str, str]], theirs: Sequence[tuple[str, str]]) -> str | None:
    """One line where the files of a model are not those of the session's machine."""
    if ours == theirs:
        return None
    differing = sorted({name for name, _ in {*ours} ^ {*theirs}})
    return f"its files differ from those of this machine: {', '.join(differing[:3])}"
