"""Quantises a GGUF file with llama.cpp's own quantiser, in the separate process
``python -m harness.export.gguf.quantizer IN OUT TYPE [IMATRIX]``.
"""

import ctypes
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.export.gguf.llama_process import (
    MISTAKE,
    STEP,
    log_to_pipe,
    run_logged,
    tell,
    tell_peak,
)
from harness.machine.cores import usable_cores

BUFFER_BYTES = 64 << 20
"""Bytes of a tensor that llama.cpp holds while it quantises it."""
MAX_NAMES = 127
"""Bytes of a text that llama.cpp writes into a file's metadata."""
_INTEGER, _TEXT = 0, 3
"""``LLAMA_KV_OVERRIDE_TYPE_INT`` and ``_STR``."""
_FELL_BACK = re.compile(
    r"warning: (\S+)\s+- ncols\s+\d+ not divisible by\s+\d+ \(required for type\s+(\S+)\)"
    r".*-> falling back to\s+(\S+)"
)

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


def quantize(
    source: Path, target: Path, number: int, on_step: OnProgress, matrix: Path | None = None
) -> Quantized:
    """Quantise ``source`` into ``target``.

    Args:
        number: llama.cpp's number of the type.
        matrix: an importance matrix.

    Raises:
        HarnessError: llama.cpp refused, with the last lines of its log.
    """
    fallbacks: list[Fallback] = []

    def on_line(line: str) -> None:
        if match := STEP.match(line):
            on_step(int(match[1]), int(match[2]))
        if match := _FELL_BACK.search(line):
            fallbacks.append(Fallback(*match.groups()))

    arguments = [str(source), str(target), str(number), *([str(matrix)] if matrix else [])]
    peak = run_logged(__spec__.name, *arguments, doing="quantise", on_line=on_line)
    return Quantized(tuple(fallbacks), peak)


def _main(source: str, target: str, number: str, matrix: str | None = None) -> int:
    import llama_cpp

    callback = log_to_pipe()
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = int(number)
    parameters.nthread = usable_cores()
    parameters.max_buf_size = BUFFER_BYTES
    try:
        kept = _with_matrix(parameters, Path(matrix)) if matrix else ()
    except HarnessError as error:
        tell(f"{MISTAKE}{error.mistakes[0]}")
        return 1
    code = llama_cpp.llama_model_quantize(source.encode(), target.encode(), parameters)
    tell_peak()
    del callback, kept
    return int(code != 0)


def _with_matrix(parameters: Any, path: Path) -> tuple[Any, ...]:
    """Give the quantiser an importance matrix, and what it writes about it into the file. The
    result holds what llama.cpp points into.

    Raises:
        HarnessError: the file is none.
    """
    import llama_cpp
    import numpy as np

    from harness.export.gguf.imatrix_file import read_matrix

    matrix = read_matrix(path)
    arrays = {name: np.ascontiguousarray(found) for name, found in matrix.values.items()}
    # Both lists end where one has no name.
    data = (llama_cpp.llama_cpp.llama_model_imatrix_data * (len(arrays) + 1))()
    for entry, (name, values) in zip(data, arrays.items(), strict=False):
        entry.name = name.encode()
        entry.data = values.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        entry.size = values.size
    said = (llama_cpp.llama_cpp.llama_model_kv_override * 3)()
    said[0].tag, said[0].key = _INTEGER, b"quantize.imatrix.entries_count"
    said[0].value.val_i64 = len(arrays)
    said[1].tag, said[1].key = _TEXT, b"quantize.imatrix.dataset"
    said[1].value.val_str = named(matrix.datasets)
    parameters.imatrix, parameters.kv_overrides = data, said
    return arrays, data, said


def named(datasets: Sequence[str]) -> bytes:
    """The datasets' names in UTF-8, as many whole characters as llama.cpp has room for."""
    text = ", ".join(datasets).encode("utf-8", "replace")
    return text[:MAX_NAMES].decode("utf-8", "ignore").encode()


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
