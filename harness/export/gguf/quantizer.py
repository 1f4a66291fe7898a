"""Quantises a GGUF file with llama.cpp's own quantiser, in a separate process.

llama.cpp aborts its process on files that it cannot handle, and logs to the terminal. Both are
confined to the process ``python -m harness.export.gguf.quantizer IN OUT TYPE``, whose log comes
through a pipe and shows the progress.
"""

import ctypes
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.core import child_python
from harness.core.errors import HarnessError
from harness.core.printable import printable
from harness.machine.cores import usable_cores
from harness.machine.memory import peak_resident_bytes

LAST_LINES = 3
"""Lines of the log that an error quotes."""
BUFFER_BYTES = 64 << 20
"""Bytes of a tensor that llama.cpp holds while it quantises it."""
_TENSOR = re.compile(r"^\[\s*(\d+)/\s*(\d+)\]")
_FELL_BACK = re.compile(
    r"warning: (\S+)\s+- ncols\s+\d+ not divisible by\s+\d+ \(required for type\s+(\S+)\)"
    r".*-> falling back to\s+(\S+)"
)
_PEAK = re.compile(r"^harness peak (\d+)$")
_ERROR = re.compile(r"error|fail|abort|assert|unable|invalid", re.IGNORECASE)

OnProgress = Callable[[int, int], None]
"""Called with the number of finished tensors and of all tensors."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """A tensor stored in another type, because its rows are no multiple of the type's blocks."""

    tensor: str
    wanted: str
    got: str


@dataclass(frozen=True, slots=True)
class Quantized:
    """The result of a quantisation."""

    fallbacks: tuple[Fallback, ...]
    peak_bytes: int | None
    """Peak resident memory of the process, including mapped pages of the input."""


def quantize(source: Path, target: Path, number: int, on_step: OnProgress) -> Quantized:
    """Quantise ``source`` into ``target``.

    Args:
        number: llama.cpp's number of the type.

    Raises:
        HarnessError: llama.cpp refused, with the last lines of its log.
    """
    with subprocess.Popen(
        child_python.command(__spec__.name, str(source), str(target), str(number)),
        env=child_python.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        assert process.stderr is not None
        try:
            last, fallbacks, peak = _follow(process.stderr, on_step)
            code = process.wait()
        finally:
            process.kill()
    if code != 0:
        errors = [line for line in last if _ERROR.search(line)]
        reason = " | ".join((errors or list(last))[-LAST_LINES:]) or "it said nothing"
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise HarnessError(f"llama.cpp could not quantise ({how}): {printable(reason):.600}")
    return Quantized(tuple(fallbacks), peak)


def _follow(
    log: Iterator[str], on_step: OnProgress
) -> tuple[deque[str], list[Fallback], int | None]:
    last: deque[str] = deque(maxlen=20)
    fallbacks: list[Fallback] = []
    peak: int | None = None
    for line in map(str.strip, log):
        if match := _TENSOR.match(line):
            on_step(int(match[1]), int(match[2]))
        if match := _FELL_BACK.search(line):
            fallbacks.append(Fallback(*match.groups()))
        if match := _PEAK.match(line):
            peak = int(match[1])
        elif line:
            last.append(line)
    return last, fallbacks, peak


def _main(source: str, target: str, number: str) -> int:
    import llama_cpp

    def to_pipe(level: int, text: bytes, data: ctypes.c_void_p) -> None:
        os.write(2, text)

    # Kept in a variable: llama.cpp holds no reference to it.
    callback = llama_cpp.llama_log_callback(to_pipe)
    llama_cpp.llama_log_set(callback, ctypes.c_void_p(0))
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = int(number)
    parameters.nthread = usable_cores()
    parameters.max_buf_size = BUFFER_BYTES
    code = llama_cpp.llama_model_quantize(source.encode(), target.encode(), parameters)
    os.write(2, f"\nharness peak {peak_resident_bytes()}\n".encode())
    return int(code != 0)


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
