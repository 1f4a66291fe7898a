"""Checks that the disk has room for a run's record, before a model is loaded."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.plan import Request

MIN_BYTES = 600
"""The least bytes of a sample, beside its prompt."""


def check_space(root: Path, requests: Iterable[Request]) -> None:
    """Check that the disk has room for a record of these requests.

    Raises:
        HarnessError: the disk has less room than the record takes at the least.
    """
    needed = sum(
        MIN_BYTES + sum(len(message.content) for message in request.messages)
        for request in requests
        if not request.timed
    )
    there = next(p for p in (root, *root.absolute().parents) if p.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise HarnessError(
            f"{root}: {free / 1e6:.1f} MB are free, the record takes {needed / 1e6:.1f} MB at the "
            "least: make room, or name another folder with --report-dir"
        )
