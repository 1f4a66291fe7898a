"""Remembers the hashes of large files between processes, by the files' stamps.

The memory only saves time: where it cannot be read or written, files are hashed again.
"""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from harness.files.cache_folder import cache_folder

FILE = "hashes.sqlite3"
MIN_BYTES = 4_000_000
"""Smaller files are hashed in less time than the memory takes to be asked."""
SETTLED_SECONDS = 2.0
"""A file that changed within this time may change again without a new stamp: clocks of file systems
are as coarse as that."""
_SHA256 = re.compile("[0-9a-f]{64}")
_TABLE = """create table if not exists hashes (
    path text primary key, stamp text not null, sha256 text not null
) without rowid"""

Stamp = tuple[int, ...]
"""Device, inode, size, and the times of modification and of change in nanoseconds. A program can
set the first time back, but not the second."""


def recall(path: Path, stamp: Stamp) -> str | None:
    """The remembered SHA-256 of a file with this stamp."""
    if not _is_remembered(stamp):
        return None
    with suppress(sqlite3.Error, OSError), _memory() as memory:
        row = memory.execute(
            "select sha256 from hashes where path = ? and stamp = ?", (_name(path), str(stamp))
        ).fetchone()
        if row and _SHA256.fullmatch(str(row[0])):
            return str(row[0])
    return None


def remember(path: Path, stamp: Stamp, sha256: str) -> None:
    """Remember the hash of a file that had this stamp before and after it was read."""
    if not _is_remembered(stamp):
        return
    with suppress(sqlite3.Error, OSError), _memory() as memory:
        memory.execute(
            "insert or replace into hashes values (?, ?, ?)", (_name(path), str(stamp), sha256)
        )
        memory.commit()


def _is_remembered(stamp: Stamp) -> bool:
    _, _, size, modified, changed = stamp
    is_settled = time.time() - max(modified, changed) / 1e9 > SETTLED_SECONDS
    return size >= MIN_BYTES and is_settled


def _name(path: Path) -> str:
    # A name that is no UTF-8 holds surrogates, which SQLite refuses.
    return str(path.resolve()).encode("utf-8", "surrogateescape").hex()


@contextmanager
def _memory() -> Iterator[sqlite3.Connection]:
    folder = cache_folder()
    if folder is None:
        raise sqlite3.OperationalError("turned off")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / FILE, timeout=1.0)) as memory:
        # What a power cut takes is hashed again; waiting for the disk would take longer than that.
        memory.execute("pragma synchronous = off")
        memory.execute(_TABLE)
        yield memory
