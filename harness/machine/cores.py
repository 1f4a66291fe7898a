"""How many cores a computation may use."""

import os

import psutil


def usable_cores() -> int:
    """Physical cores that this process may run on: a second thread on one makes nothing faster."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(usable or 1, psutil.cpu_count(logical=False) or 1))
