"""``python -m MODULE`` as ``subprocess.run`` would do it, in a process that need not import much.

One process of ``tests.fork_server`` for each process of the test run has imported what sessions
import, and forks a child for each. ``reason_against`` knows which sessions would notice.
"""

import atexit
import contextlib
import json
import locale
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

import psutil

from tests.fork_server import MAX_BYTES, ONE_THREAD, end_with_parent
from tests.models import ROOT

SERVER = Path(__file__).with_name("fork_server.py")
EARLY = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "GLIBC_", "TZ", "OMP_", "GOMP_", "OPENBLAS_")
"""Begins the names of variables that the interpreter and its libraries read as they are loaded."""


LOADED = ("-p", "no:hypothesispytest", "-p", "no:anyio", "-p", "harness.pytest_plugin")
"""Without plugins that are no use here: hypothesis' imports hypothesis as a session ends."""
MAX_SECONDS = 300.0


def clean_environment(**more: str) -> dict[str, str]:
    """Ours, without what would change how pytest prints or what it loads."""
    dropped = ("COLUMNS", "FORCE_COLOR", "CI", "GITHUB_ACTIONS")
    kept = {k: v for k, v in os.environ.items() if k not in dropped and not k.startswith("PYTEST_")}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "100", **more}


STARTED_WITH = clean_environment()
"""From before the first test, which may change the environment."""


def python_module(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], is_forked: bool = True
) -> subprocess.CompletedProcess[str]:
    """The outcome of ``python -m COMMAND``, from a forked child where that makes no difference.

    Raises subprocess.TimeoutExpired after ``MAX_SECONDS``.
    """
    warm = server() if is_forked else None
    if warm and not warm.reason_against(environment, folder):
        return warm.run(command, folder, environment, MAX_SECONDS)
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=MAX_SECONDS,
        preexec_fn=end_with_parent if os.name == "posix" else None,
    )


def own_children() -> list[psutil.Process]:
    """The processes that a test has started: all of this one's but the warm one."""
    found = psutil.Process().children()
    return [child for child in found if str(SERVER) not in child.cmdline()]


class Server:
    """A warm process, and what it found out about itself."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.control, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            self.process = subprocess.Popen(
                [sys.executable, str(SERVER), str(other.fileno()), *LOADED],
                env={**environment, **ONE_THREAD},
                pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                preexec_fn=end_with_parent,
            )
        atexit.register(self.end)
        said = self.heard()
        self.read = frozenset(said["read"])
        self.modules = frozenset(name.partition(".")[0] for name in said["modules"])

    def heard(self) -> dict[str, Any]:
        """The next words of the server; raises RuntimeError where it has failed."""
        said = json.loads(self.control.recv(1 << 20) or '{"fault": "it is gone"}')
        if "fault" in said:
            raise RuntimeError(f"tests/fork_server.py: {said['fault']}")
        return said

    def end(self) -> None:
        """Have it end; a child that runs ends with it."""
        self.control.close()
        self.process.kill()
        self.process.wait()

    def reason_against(self, environment: Mapping[str, str], folder: Path) -> str:
        """Words on why a child would not be like a process of its own; empty where it is."""
        names = {*environment, *self.environment}
        for name in sorted(n for n in names if n in self.read or n.startswith(EARLY)):
            if environment.get(name) != self.environment.get(name):
                return f"{name} is read by imports"
        for path in folder.rglob("*.py"):
            if path.stem in self.modules or path.parent.name in self.modules:
                return f"{path} has the name of a module that is there"
        return ""

    def run(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a child; raises TimeoutExpired as ``subprocess.run`` does."""
        request = {"command": command, "folder": str(folder), "environment": dict(environment)}
        content = json.dumps(request).encode()
        assert len(content) < MAX_BYTES, "the environment is too large for a message"
        with _pipe() as (out, its_out), _pipe() as (err, its_err):
            socket.send_fds(self.control, [content], [0, its_out.fileno(), its_err.fileno()])
            its_out.close()
            its_err.close()
            child = self.heard()["pid"]
            try:
                texts = _read_to_their_end([out, err], timeout)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
                self.heard()
                raise subprocess.TimeoutExpired(list(command), timeout) from None
        return subprocess.CompletedProcess(list(command), self.heard()["code"], *texts)


@cache
def server() -> Server | None:
    """The server of this process, started when first asked for; none where forking is no use."""
    return Server(STARTED_WITH) if sys.platform == "linux" else None


@contextlib.contextmanager
def _pipe() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Both ends of a pipe, which are closed at the end."""
    inner, outer = os.pipe()
    with os.fdopen(inner, "rb", 0) as reading, os.fdopen(outer, "wb", 0) as writing:
        yield reading, writing


def _read_to_their_end(files: Sequence[IO[bytes]], timeout: float) -> list[str]:
    """The texts of pipes, as ``subprocess`` decodes them; raises TimeoutError."""
    end, found = time.monotonic() + timeout, {file.fileno(): bytearray() for file in files}
    with selectors.DefaultSelector() as waiting:
        for file in files:
            waiting.register(file, selectors.EVENT_READ)
        while waiting.get_map():
            ready = waiting.select(max(0, end - time.monotonic()))
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                if some := os.read(key.fd, 1 << 16):
                    found[key.fd] += some
                else:
                    waiting.unregister(key.fileobj)
    texts = [content.decode(locale.getencoding()) for content in found.values()]
    return [text.replace("\r\n", "\n").replace("\r", "\n") for text in texts]
