"""Keeps a run's answers as they arrive, for the case that the session is killed.

It writes one line for each answer, without verdicts, and a head with the run's models and plan.
Together they are a partial record, which ``harness.records.runs`` reads; the complete record
replaces them.
"""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

from harness.core.errors import HarnessError
from harness.core.plan import Request
from harness.core.record import RunRecord, Sample
from harness.files.atomic import write_whole
from harness.records.runs import PARTIAL_FILE, PARTIAL_SAMPLES, head_text, sample_line

MIN_BYTES = 600
"""The least bytes of a sample, beside its prompt."""


class Journal:
    """Writes answers during a run. A failing disk stops the journal, never the run."""

    def __init__(self, folder: Path, head: Callable[[], RunRecord]) -> None:
        self.folder = folder
        self.head = head
        """The record so far, without samples."""
        self.error: OSError | None = None
        self._file: IO[str] | None = None

    def begin(self) -> None:
        """Rewrite the head, after a model has opened."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.folder / PARTIAL_FILE, head_text(self.head()))
        except OSError as error:
            self.error = error

    def keep(self, sample: Sample) -> None:
        """Append one answer; once this returns it survives the end of this process."""
        if self.error is not None:
            return
        try:
            if self._file is None:
                path = self.folder / PARTIAL_SAMPLES
                self._file = path.open("a", encoding="ascii", newline="\n")
            self._file.write(sample_line(sample))
            self._file.flush()
        except OSError as error:
            self.error = error

    def close(self) -> None:
        """Close the file; no more answers can be kept."""
        try:
            if self._file is not None:
                self._file.close()
        except OSError as error:
            self.error = error
        self._file = None


def check_space(root: Path, requests: Iterable[Request]) -> None:
    """Check that the disk has room for a record of these requests.

    The least size is counted twice: for the journal and for the record.

    Raises:
        HarnessError: the disk has less room than that.
    """
    needed = 2 * sum(
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
