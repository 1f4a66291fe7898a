"""Files and folders appear whole or not at all: they are written beside the target and renamed."""

import errno
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import psutil

from harness.core.errors import HarnessError

_UNFINISHED = re.compile(r"\.(?P<name>.+)\.(?P<process>\d{1,10})\.tmp")
"""The name that a file is written under: it holds the id of the process that writes."""


def write_whole(path: Path, parts: Iterable[str | bytes]) -> None:
    """Write bytes, and text as UTF-8: a reader sees the old file or the whole new one, also after a
    power cut."""
    with replaced(path) as file:
        file.writelines(part.encode() if isinstance(part, str) else part for part in parts)


@contextmanager
def replaced(path: Path) -> Iterator[IO[bytes]]:
    """A file to write into, which takes the place of ``path`` when the block ends without error.

    It gets the rights of the file that it replaces, and a link keeps pointing to it. What is no
    regular file, a pipe or a terminal, is written to directly.

    Raises:
        HarnessError: the path is a pipe that no process reads.
    """
    if (
        path.exists() and not path.is_file()
    ):  # Before links are followed: /dev/stdout leads nowhere.
        with _opened(path) as file:
            yield file
        return
    path = Path(os.path.realpath(path))
    clear_unfinished(path.parent, path.name)
    sibling = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with sibling.open("wb") as file:
            yield file
        if path.exists():
            shutil.copymode(path, sibling)
        publish(sibling, path)
    finally:
        sibling.unlink(missing_ok=True)


def _opened(path: Path) -> IO[bytes]:
    """A pipe or a device to write to. A pipe that no process reads would be waited for for ever."""
    try:
        handle = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        raise HarnessError(f"{path}: is a pipe that nobody reads, name a file") from None
    os.set_blocking(handle, True)
    return os.fdopen(handle, "wb")


def clear_unfinished(folder: Path, name: str | None = None) -> None:
    """Remove what processes that were killed have left in ``folder`` under names of ``replaced``.

    ``name`` is the file that they wrote, any if left out. A file whose process is there is kept.
    """
    for path in folder.glob(".*.tmp"):
        match = _UNFINISHED.fullmatch(path.name)
        if match and name in (None, match["name"]) and not psutil.pid_exists(int(match["process"])):
            with suppress(OSError):
                path.unlink()


def publish(written: Path, target: Path) -> None:
    """Give a finished file its name, once all of it is on the disk."""
    with written.open("rb+") as file:
        os.fsync(file.fileno())
    written.replace(target)
    _sync_folder(target.parent)


def publish_folder(written: Path, target: Path, previous: Path) -> None:
    """Give a finished folder its name; what had it before is moved to ``previous`` first."""
    if not target.exists():
        written.rename(target)
        return
    target.rename(previous)
    try:
        written.rename(target)
    except OSError:
        previous.rename(target)
        raise


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
