"""Peak memory of this process, and free memory of the machine."""

import sys
from pathlib import Path
from typing import Any

MB = 1_000_000
CGROUP = Path("/sys/fs/cgroup")
_OUT_OF_MEMORY = ("can't allocate memory", "out of memory", "ALLOC_FAILED")
"""Parts of what torch's allocators and CUDA's libraries say in a ``RuntimeError``."""


def peak_memory_mb(device: str | None) -> float:
    """Peak memory of this process in MB of 10^6 bytes, there where its model lives.

    On a GPU that torch is in charge of, its allocator's peak; otherwise peak resident memory, also
    where a library has touched a GPU beside it. Linux's ``VmHWM`` is read rather than
    ``ru_maxrss``, which a child process inherits from the parent it was forked from.

    Args:
        device: as recorded, such as ``cpu`` or ``cuda:0``; ``None`` is the CPU.
    """
    torch = sys.modules.get("torch")
    is_on_gpu = device is not None and device.startswith("cuda")
    if is_on_gpu and torch is not None and torch.cuda.is_initialized():
        return float(torch.cuda.max_memory_allocated(torch.device(device))) / MB
    return peak_resident_bytes() / MB


def peak_resident_bytes() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        line = next(ln for ln in status.read_text().splitlines() if ln.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    # macOS counts in bytes, as its getrusage(2) says.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def available_bytes(device: Any) -> int:
    """Free memory where a model on ``device`` (a ``torch.device``) would live.

    On a GPU with what torch's allocator has taken and does not use, which it gives again.
    """
    if device.type == "cuda":
        from torch import cuda

        unused = cuda.memory_reserved(device) - cuda.memory_allocated(device)
        return int(cuda.mem_get_info(device)[0] + unused)
    return _available_here()


def available_mb(device: str | None) -> float | None:
    """Free memory in MB of 10^6 bytes where a model on ``device``, as recorded, lives.

    ``None`` where it cannot be asked: on a device of which torch is not in charge.
    """
    if device is None or not device.startswith("cuda"):
        return _available_here() / MB
    torch = sys.modules.get("torch")
    return None if torch is None else available_bytes(torch.device(device)) / MB


def memory_limit_bytes() -> int:
    """The most memory that this process may ever have: the machine's, or its container's limit."""
    import psutil

    total = int(psutil.virtual_memory().total)
    try:
        return min(total, int((CGROUP / "memory.max").read_text()))
    except (OSError, ValueError):
        return total


def is_out_of_memory(error: BaseException) -> bool:
    """True for Python's, CUDA's and llama.cpp's own exceptions, and for a ``RuntimeError`` in which
    torch says so: on a CPU it has no other, and another process may have told it."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(part in str(error) for part in _OUT_OF_MEMORY)


def _available_here() -> int:
    import psutil

    return min(int(psutil.virtual_memory().available), _cgroup_left())


def _cgroup_left() -> int:
    """Bytes left under a container's memory limit, which the machine's free memory ignores."""
    limit, current = (CGROUP / name for name in ("memory.max", "memory.current"))
    try:
        return int(limit.read_text()) - int(current.read_text())
    except (OSError, ValueError):
        return sys.maxsize
