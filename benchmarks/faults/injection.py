"""Runs one command in a copy of the project and strikes it: a signal, a disk, a file, an output."""

import os
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.faults.commands import RUNS, Command, python

LEAST_LIMIT_SECONDS = 90.0
TIMES_AS_LONG = 12
"""A command that takes so much longer than without a fault hangs."""
GRACE_SECONDS = 5.0
"""The most that a child may live longer than the command."""
STOPPED_SECONDS = 4.0
STALL = ("--stall-seconds", "3")
SIGNALS = {"SIGINT", "SIGSTOP"}
"""Sent to all of the terminal's processes, as Ctrl-C and Ctrl-Z are."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong at one moment."""

    kind: str
    """``controller``, ``model``, ``itself`` (at a change to a file), ``disk``, ``file``,
    ``output``."""
    action: str
    moment: float = 0.0
    """A share of the time that the command takes; for ``itself`` the number of the change."""
    file: str = ""
    """The file that is swapped."""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.kind, self.action, self.file)))


@dataclass
class Struck:
    """The end of a command."""

    code: int = 0
    out: str = ""
    err: str = ""
    seconds: float = 0.0
    is_hung: bool = False
    was_struck: bool = False
    living: list[str] = field(default_factory=list)
    """Command lines of children that outlived it."""
    changes: int = 0
    """Changes that it made to files of the project."""


def run(command: Command, root: Path, fault: Fault | None, usual_seconds: float) -> Struck:
    """Run the command, strike it, wait for its end and for its children's."""
    started, struck = time.monotonic(), Struck()
    logs = Path(tempfile.mkdtemp(prefix="faults-logs-"))
    limit = max(LEAST_LIMIT_SECONDS, usual_seconds * TIMES_AS_LONG)
    with (logs / "err").open("wb") as err, _output(logs, fault) as out:
        process = subprocess.Popen(
            **_started(command, root, logs, fault),  # type: ignore[call-overload]
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        if fault is not None:
            striking = threading.Thread(
                target=_strike, args=(fault, process, root, usual_seconds, struck)
            )
            striking.start()
        try:
            struck.code = process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            struck.is_hung = True
        if fault is not None:
            striking.join()
    struck.seconds = time.monotonic() - started
    struck.living = _outliving(root, struck.is_hung)
    process.wait()
    struck.out, struck.err, made = (_text(logs / name) for name in ("out", "err", "changes"))
    shutil.rmtree(logs)
    struck.changes = int(made or 0)
    if fault is not None and fault.kind == "itself":
        struck.was_struck = not made or struck.changes >= fault.moment
    return struck


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace") if path.exists() else ""


def _started(command: Command, root: Path, logs: Path, fault: Fault | None) -> dict[str, object]:
    variables = {"HARNESS_STRIKES": str(logs / "changes")}
    arguments = list(command.arguments)
    if fault is not None and fault.kind == "itself":
        variables["HARNESS_STRIKE"] = f"{fault.moment:.0f}:{fault.action}"
    if fault is not None and fault.action == "hang" and command.is_pytest:
        arguments += STALL
    started = python(root, *arguments, **variables)
    if fault is not None and fault.action == "closed":
        started["args"] = ["bash", "-c", 'exec "$0" "$@" >&-', *started["args"]]  # type: ignore[misc]
    return started


@contextmanager
def _output(logs: Path, fault: Fault | None) -> Iterator[object]:
    """Standard output: a file, or one of the faults."""
    action = fault.action if fault is not None and fault.kind == "output" else ""
    if action == "full":
        with Path("/dev/full").open("wb") as file:
            yield file
    elif action == "head":
        reading, writing = os.pipe()
        reader = threading.Thread(target=_read_little, args=(reading,))
        reader.start()
        try:
            yield writing
        finally:
            with suppress(OSError):
                os.close(writing)
            reader.join()
    else:
        with (logs / "out").open("wb") as file:
            yield file


def _read_little(reading: int) -> None:
    """Read as ``head -c 1`` does."""
    os.read(reading, 1)
    os.close(reading)


def _strike(
    fault: Fault, process: "subprocess.Popen[bytes]", root: Path, usual: float, struck: Struck
) -> None:
    if fault.kind == "output":
        struck.was_struck = True
    if fault.kind in ("itself", "output"):
        return
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=fault.moment * usual)
        return
    with suppress(psutil.NoSuchProcess, ProcessLookupError, FileNotFoundError):
        match fault.kind:
            case "controller":
                _signal(process, fault.action)
            case "model":
                _strike_model(process, fault.action)
            case "disk":
                _strike_disk(process, root, fault.action)
            case "file":
                swap(root / fault.file, fault.action)
        struck.was_struck = True


def _signal(process: "subprocess.Popen[bytes]", name: str) -> None:
    send = os.killpg if name in SIGNALS else os.kill
    send(process.pid, getattr(signal, name))
    if name == "SIGSTOP":
        time.sleep(STOPPED_SECONDS)
        os.killpg(process.pid, signal.SIGCONT)


def _strike_model(process: "subprocess.Popen[bytes]", action: str) -> None:
    model = _model_of(process)
    if action == "hang":
        model.suspend()
        return
    model.send_signal(getattr(signal, action))
    if action == "SIGSTOP":
        time.sleep(STOPPED_SECONDS / 2)
        model.resume()


def _model_of(process: "subprocess.Popen[bytes]") -> psutil.Process:
    """The process of the command's model, as soon as there is one."""
    controller = psutil.Process(process.pid)
    while True:
        for child in controller.children(recursive=True):
            if "harness.engine.worker" in child.cmdline():
                return child
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.02)
            raise ProcessLookupError


def _strike_disk(process: "subprocess.Popen[bytes]", root: Path, action: str) -> None:
    if action == "deleted":
        shutil.rmtree(root / RUNS)
        return
    # Refused while a file is open for writing.
    while subprocess.run(["mount", "-o", "remount,ro", root], capture_output=True).returncode:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)
            raise ProcessLookupError


def swap(path: Path, how: str) -> None:
    """Put another content into a file: ``replaced`` at once, ``overwritten`` in place, ``cut``."""
    data = path.read_bytes()
    if how == "cut":
        os.truncate(path, len(data) // 2)
        return
    other = _other_weights(data) if path.suffix in (".safetensors", ".gguf") else _other_text(data)
    if how == "overwritten":
        path.write_bytes(other)
        return
    beside = path.with_name(f"{path.name}.other")
    beside.write_bytes(other)
    beside.replace(path)


def _other_weights(data: bytes) -> bytes:
    """Another model of the same shapes: the last quarter's values, of two bytes, backwards."""
    start = len(data) - len(data) // 4 // 2 * 2
    tail = bytearray(data[start:])
    tail[0::2], tail[1::2] = tail[0::2][::-1], tail[1::2][::-1]
    return data[:start] + bytes(tail)


def _other_text(data: bytes) -> bytes:
    """Fewer lines in another order, or an object with a comment's worth of change."""
    lines = data.splitlines(keepends=True)
    if data.startswith(b"{") and len(lines) > 1 and lines[1].startswith(b"{"):
        random.Random(0).shuffle(lines)
        return b"".join(lines[:-2])
    return data + b"\n"


def _outliving(root: Path, is_hung: bool) -> list[str]:
    """Command lines of the project's processes that outlive the command; all are ended."""
    end = time.monotonic() + (0.0 if is_hung else GRACE_SECONDS)
    while (left := _processes(root)) and time.monotonic() < end:
        time.sleep(0.1)
    lines = []
    for process in left:
        with suppress(psutil.NoSuchProcess):
            lines.append(" ".join(process.cmdline())[-200:])
            process.kill()
    return lines


def _processes(root: Path) -> list[psutil.Process]:
    mark, found = f"HARNESS_STRIKE_ROOT={root}{os.sep}\0".encode(), []
    for process in psutil.process_iter():
        with suppress(OSError, psutil.Error):
            environment = Path(f"/proc/{process.pid}/environ").read_bytes()
            if mark in environment and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found
