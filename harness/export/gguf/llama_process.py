"""Runs a module that calls llama.cpp in a Python process of its own, and reads its log.

llama.cpp aborts its process on files that it cannot handle, and logs to the terminal. Both are
confined to that process, whose log comes through a pipe.
"""

import ctypes
import os
import re
import subprocess
from collections import deque
from collections.abc import Callable
from typing import Any

from harness.core import child_python
from harness.core.errors import HarnessError
from harness.core.printable import printable
from harness.machine.memory import peak_resident_bytes

LAST_LINES = 3
"""Lines of the log that an error quotes."""
KEPT_LINES = 20
MISTAKE = "harness mistake: "
"""Begins a line that is the error itself."""
STEP = re.compile(r"^\[\s*(\d+)/\s*(\d+)\]")
"""``[ 3/ 24]``: steps that are done, of all."""
_PEAK = re.compile(r"^harness peak (\d+)$")
_ERROR = re.compile(r"error|fail|abort|assert|unable|invalid", re.IGNORECASE)


def run_logged(
    module: str, *arguments: str, doing: str, on_line: Callable[[str], None]
) -> int | None:
    """Run ``python -m MODULE ARGUMENTS``.

    Args:
        doing: what an error says llama.cpp could not do.
        on_line: called with each line of the log.

    Returns:
        The peak resident memory that the process told.

    Raises:
        HarnessError: it failed, with the last lines of its log.
    """
    last: deque[str] = deque(maxlen=KEPT_LINES)
    peak: int | None = None
    with subprocess.Popen(
        child_python.command(module, *arguments),
        env=child_python.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        assert process.stderr is not None
        try:
            for line in map(str.strip, process.stderr):
                on_line(line)
                if match := _PEAK.match(line):
                    peak = int(match[1])
                elif line:
                    last.append(line)
            code = process.wait()
        finally:
            process.kill()
    if code != 0:
        raise HarnessError(_reason(last, code, doing))
    return peak


def _reason(last: deque[str], code: int, doing: str) -> str:
    told = [line.removeprefix(MISTAKE) for line in last if line.startswith(MISTAKE)]
    if told:
        return printable(told[-1])
    errors = [line for line in last if _ERROR.search(line)]
    reason = " | ".join((errors or list(last))[-LAST_LINES:]) or "it said nothing"
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"llama.cpp could not {doing} ({how}): {printable(reason):.600}"


def log_to_pipe() -> Any:
    """Have llama.cpp log to standard error; keep the result, to which llama.cpp holds no
    reference."""
    import llama_cpp

    def write(level: int, text: bytes, data: ctypes.c_void_p) -> None:
        os.write(2, text)

    callback = llama_cpp.llama_log_callback(write)
    llama_cpp.llama_log_set(callback, ctypes.c_void_p(0))
    return callback


def tell(text: str) -> None:
    """Write a line into the log."""
    os.write(2, f"\n{text}\n".encode("utf-8", "replace"))


def tell_peak() -> None:
    tell(f"harness peak {peak_resident_bytes()}")
