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
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from harness.core import child_python
from harness.engine.channel import receive, send
from harness.engine.openmp import BOUNDED_SPINNING

LOG_LINES = 3
"""Lines of a dead process's log that the reason quotes."""


MAX_WAIT_SECONDS = 1.0
MIN_WAITS = 20
"""The fewest waits before a backend counts as hung."""
SLACK_SECONDS = 2.0
"""A wait that takes so much longer than it was to take was interrupted. A busy machine delays it by
less."""


class Surroundings(NamedTuple):
    """Working directory and environment that a process inherits."""

    folder: Path
    environment: dict[str, str]


class BackendDied(Exception):
    """The process has ended or hangs; the message says how."""


class Silence:
    """Adds up waits for a message, except those during which this process did not run."""

    def __init__(self, limit_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.wait_seconds = min(MAX_WAIT_SECONDS, limit_seconds / MIN_WAITS)
        """Length of the next wait."""
        self._left_seconds = limit_seconds
        self._clock = clock
        self._since = clock()

    @property
    def is_over(self) -> bool:
        return self._left_seconds < self.wait_seconds / 2

    def waited(self) -> None:
        """One more wait has ended without a message."""
        now = self._clock()
        if now - self._since < self.wait_seconds + SLACK_SECONDS:
            self._left_seconds -= self.wait_seconds
        self._since = now


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

    def wake(self) -> None:
        """Have ``messages`` yield one of kind ``woken`` in the thread that reads them."""
        self.inbox.put(b'{"kind": "woken"}')

    @property
    def end_reason(self) -> str | None:
        """One line that says how the process has ended; ``None`` while it runs."""
        return None if self.popen.poll() is None else self._how_it_ended()

    def messages(self) -> Iterator[dict[str, Any]]:
        """Messages of the process; raises BackendDied where it ends or is silent for too long."""
        while True:
            line = self._next_line()
            if not line:
                raise BackendDied(self._how_it_ended())
            yield receive(line)

    def _next_line(self) -> bytes:
        """The next message, waited for in many short waits.

        A wait that takes much longer than it was to shows that this process was stopped (Ctrl-Z) or
        the machine slept: nobody listened meanwhile, so it was no silence of the backend.
        """
        silence = Silence(self.stall_seconds)
        while not silence.is_over:
            try:
                return self.inbox.get(timeout=silence.wait_seconds)
            except queue.Empty:
                silence.waited()
        raise BackendDied(f"the backend hung: no word for {self.stall_seconds:g} s")

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
