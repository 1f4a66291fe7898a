"""The machine's load average: how many programs want to run, of whoever."""

import os


def load_average() -> float | None:
    """The mean number of runnable processes over the last minute; ``None`` where nobody counts."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def cores() -> int:
    """Logical cores of the whole machine, which is what the load average is counted over."""
    return os.cpu_count() or 1
