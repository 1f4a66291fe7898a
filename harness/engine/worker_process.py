"""Starts a ``harness.engine.worker``, exchanges messages with it and ends it.

Knows pipes and signals; ``harness.engine.process`` knows the messages.
"""

import contextlib
import os
import queue
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from harness.core import child_python
from harness.engine.channel import receive, send
from harness.engine.openmp import BOUNDED_SPINNING

LOG_LINES = 3
"""Lines of a dead process's log that the reason quotes."""


class Surroundings(NamedTuple):
    """Working directory and environment that a process inherits."""

    folder: Path
    environment: dict[str, str]


class BackendDied(Exception):
    """The process has ended or hangs; the message says how."""


class WorkerProcess:
    """One worker process; ``end`` removes it completely."""

    def __init__(self, stall_seconds: float) -> None:
        self.stall_seconds = stall_seconds
        self.in_flight: list[str] = []
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self.surroundings = _surroundings()
        self.popen = subprocess.Popen(
            child_python.command("harness.engine.worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            # Ctrl-C must reach only the parent, which ends this process after saving the answers.
            start_new_session=True,
            cwd=self.surroundings.folder,
            env=child_python.environment({**BOUNDED_SPINNING, **self.surroundings.environment}),
        )
        self.inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def is_as_started_here(self) -> bool:
        """True if a process started now would have the same folder and environment."""
        return self.surroundings == _surroundings()

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
        """Messages of the process; raises BackendDied where it ends or is silent for too long."""
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
    """Close a pipe to an ended process, whose buffered content has no reader."""
    with contextlib.suppress(OSError):
        stream.close()


def _surroundings() -> Surroundings:
    # pytest changes this variable for every test.
    environment = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    return Surroundings(Path.cwd(), environment)
