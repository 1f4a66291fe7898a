"""CPU time of a call: for code that must not take the square of a text's length."""

import time
from collections.abc import Callable

MAX_SECONDS = 2.0
"""Far above what reading a text once takes, far below what reading it once for each of its
characters does."""


def cpu_seconds(call: Callable[[], object]) -> float:
    """Seconds of this process alone, whatever else the machine does."""
    start = time.process_time()
    call()
    return time.process_time() - start
