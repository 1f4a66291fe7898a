"""The number of cores that a computation may use."""

import os

import psutil


def usable_cores() -> int:
    """Physical cores that this process may run on: a second thread on a core gains nothing."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(usable or 1, psutil.cpu_count(logical=False) or 1))
