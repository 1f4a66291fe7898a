"""Runs ``python -m MODULE`` again and again in children of one process that has imported much.

``tests.forked`` starts it as a script and speaks with it over the socket whose number is the only
argument. A child takes over everything that a process of its own would have been started with, and
ends as one does: the last line of this file is what the interpreter itself does for ``-m``.

The parent only imports. It never runs a session, so there is nothing a session leaves to the next,
and it says so rather than go on where its imports have changed something else.
"""

import builtins
import ctypes
import gc
import importlib
import json
import locale
import logging
import os
import runpy
import signal
import socket
import sys
import threading
import types
import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

MODULES = (
    "harness.backends.record",
    "harness.checks.grounding",
    "harness.gate.log_comparable",
    "harness.plugin.behaviors",
    "harness.plugin.collection",
    "harness.plugin.record",
    "harness.records.baselines",
    "harness.report.console.conclusion",
    "harness.report.terminal",
    "numpy.ctypeslib",
    "numpy.random",
    "numpy.testing",
    "scipy.special",
)
"""What a session over a stored run imports, by the modules that import the rest."""
NEVER = ("torch", "transformers", "tokenizers", "llama_cpp", "peft", "trl", "ray", "hypothesis")
"""What only some sessions import: they must be seen to, and others seen not to."""
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""A process with threads cannot be forked. The children's numpy keeps this; they do not see it."""


STREAMS = (0, 1, 2)
MAX_BYTES = 1 << 17
_PRCTL = getattr(ctypes.CDLL(None), "prctl", None) if os.name == "posix" else None
_PR_SET_PDEATHSIG = 1


class Unfit(Exception):
    """The process cannot be forked honestly; the message says why."""


def warmed_up(loaded: list[str]) -> set[str]:
    """Import everything; returns the names of the environment variables that were read.

    pytest's own start imports the plugins ``loaded`` with their asserts rewritten, as it must.
    """
    before = state()
    with recorded_reads() as read, warnings.catch_warnings(), redirect_stdout(sys.stderr):
        warnings.simplefilter("error")
        import pytest

        with TemporaryDirectory() as empty, chdir(empty):
            pytest.main([*loaded, "--version", "--version"])
        for name in MODULES:
            importlib.import_module(name)
    changed = [name for name, value in state().items() if value != before[name]]
    if changed:
        raise Unfit(f"imports changed {', '.join(changed)}")
    if found := [name for name in NEVER if name in sys.modules]:
        raise Unfit(f"imports went as far as {', '.join(found)}")
    gc.collect()
    gc.freeze()
    return read


def state() -> dict[str, Any]:
    """What a process has beside its modules, and a session could notice."""
    return {
        "the environment": dict(os.environ),
        "the working directory": Path.cwd(),
        "sys.path": [*sys.path],
        "the import hooks": [*sys.meta_path, *sys.path_hooks],
        "the filters of warnings": [*warnings.filters],
        "the log": ([*logging.root.handlers], logging.root.level, logging.root.manager.disable),
        "the signals' handlers": [signal.getsignal(n) for n in sorted(signal.valid_signals())],
        "the streams": (sys.stdin, sys.stdout, sys.stderr),
        "the hooks": (sys.excepthook, sys.unraisablehook, sys.breakpointhook, sys.displayhook),
        "the threads' hook": threading.excepthook,
        "the traces": (sys.gettrace(), sys.getprofile(), sys.getrecursionlimit()),
        "the locale": locale.setlocale(locale.LC_ALL),
        "the collector of garbage": (gc.isenabled(), gc.get_threshold(), [*gc.callbacks]),
        "the open files": sorted(Path("/proc/self/fd").iterdir()),
    }


@contextmanager
def recorded_reads() -> Iterator[set[str]]:
    """The names of the variables that are read meanwhile, there or not."""
    kind = type(os.environ)
    read, get = set(), kind.__getitem__

    def noted(self: Any, name: str) -> str:
        read.add(name)
        return get(self, name)

    kind.__getitem__ = noted
    try:
        yield read
    finally:
        kind.__getitem__ = get


def end_with_parent() -> None:
    """Have Linux kill the process that calls this when the one that started it is gone."""
    if _PRCTL is not None:
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGKILL)


def serve(control: socket.socket) -> list[str]:
    """Fork a child for each request, and say how it ended; only a child returns: its command."""
    while True:
        content, files, *_ = socket.recv_fds(control, MAX_BYTES, len(STREAMS))
        if not content:
            os._exit(0)  # Nobody asks any more.
        if (threads := sum(1 for _ in Path("/proc/self/task").iterdir())) > 1:
            raise Unfit(f"it has {threads} threads")
        if not (child := os.fork()):
            control.close()
            return become(json.loads(content), files)
        for file in files:
            os.close(file)
        say(control, pid=child)
        say(control, code=os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def become(request: dict[str, Any], files: list[int]) -> list[str]:
    """Take over streams, folder and environment of a request; returns its command."""
    end_with_parent()
    for stream, file in zip(STREAMS, files, strict=True):
        os.dup2(file, stream)
        os.close(file)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.path[0] = str(Path.cwd())
    # Python's own generator is seeded again in every child, numpy's is not.
    sys.modules["numpy"].random.seed()
    return request["command"]


def say(control: socket.socket, **words: Any) -> None:
    control.send(json.dumps(words).encode())


def main(number: str, *loaded: str) -> list[str]:
    """Import, and serve until there are no more requests; a child returns its command."""
    del sys.path[0]  # The folder of this file; a child has its working directory there.
    sys.path.insert(0, "")
    control = socket.socket(fileno=int(number))
    control.set_inheritable(False)
    try:
        say(control, read=sorted(warmed_up([*loaded])), modules=sorted(sys.modules))
        return serve(control)
    except BaseException as fault:
        say(control, fault=f"{type(fault).__name__}: {fault}")
        raise


if __name__ == "__main__":
    module, *arguments = main(*sys.argv[1:])
    sys.argv[:] = ["-m", *arguments]
    sys.orig_argv[:] = [sys.executable, "-m", module, *arguments]
    sys.modules["__main__"] = empty = types.ModuleType("__main__")
    vars(empty).update(__annotations__={}, __builtins__=builtins)
    runpy._run_module_as_main(module)  # type: ignore[attr-defined]
