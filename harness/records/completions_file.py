"""Opens the file of the store of completions, and puts one aside that cannot be used.

Several sessions may do this at once. A new file is made under another name and linked to its own
when it is whole, so that no session finds half of one.
"""

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

FILE = "completions.sqlite3"
VERSION = 1
BUSY_SECONDS = 30.0
"""Time that a session waits for another one's write, which takes less than a millisecond."""
ENDINGS = ("", "-wal", "-shm")
"""SQLite's files of one database."""
_TABLES = f"""
pragma journal_mode = wal;
create table models (
    model text primary key, ref text not null, record text not null, digest text not null
) without rowid;
create table answers (
    model text not null, request text not null, answer text not null, digest text not null,
    run text not null, created text not null, used real not null,
    primary key (model, request)
) without rowid;
create table claims (
    model text not null, request text not null, owner text not null,
    primary key (model, request)
) without rowid;
pragma user_version = {VERSION};
"""


class StoreFailed(Exception):
    """The store cannot be used any more; the message is one line."""


class _Unusable(Exception):
    """The file is to be put aside."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


def open_file(path: Path) -> tuple[sqlite3.Connection, str | None]:
    """A connection to the store, which is made where there is none, and one line where another file
    had to be put aside for it.

    Raises:
        StoreFailed: the folder cannot be written, or a later version wrote the file.
    """
    note = None
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for _ in range(2):
            if not path.exists():
                _make(path)
            inode = path.stat().st_ino
            try:
                return _connected(path), note
            except _Unusable as reason:
                note = put_aside(path, inode, reason.kind, str(reason)) or note
        return _connected(path), note
    except (_Unusable, sqlite3.Error) as error:
        raise StoreFailed(f"{path}: {error}") from None
    except OSError as error:
        raise StoreFailed(f"{path}: {error.strerror}") from None


def put_aside(path: Path, inode: int, kind: str, reason: str) -> str | None:
    """Rename the file, which stays beside its place, and say so in one line; ``None`` where another
    session did it before, so that another file has its name."""
    aside = path.with_name(f"{path.name}.{kind}-{time.time_ns()}")
    if not path.exists() or path.stat().st_ino != inode:
        return None
    for ending in ENDINGS:
        with suppress(FileNotFoundError):
            Path(f"{path}{ending}").rename(f"{aside}{ending}")
    return f"{path}: {reason}: it was put aside as {aside.name}"


def is_damage(error: sqlite3.Error) -> bool:
    """True where SQLite finds that the file is none of its own, or contradicts itself. Its other
    errors are of the disk, or of another session."""
    return type(error) is sqlite3.DatabaseError


def _make(path: Path) -> None:
    """Make an empty store, unless another session is quicker."""
    own = path.with_name(f"{path.name}.{os.getpid()}-{time.time_ns()}.new")
    try:
        with closing(sqlite3.connect(own)) as connection:
            connection.executescript(_TABLES)
        with suppress(FileExistsError):
            os.link(own, path)
    finally:
        own.unlink(missing_ok=True)


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        version = connection.execute("pragma user_version").fetchone()[0]
        # Survives the death of the process; a power cut may lose the last answers.
        connection.execute("pragma synchronous = normal")
    except sqlite3.Error as error:
        connection.close()
        if is_damage(error):
            raise _Unusable("damaged", str(error)) from None
        raise
    if version != VERSION:
        connection.close()
        if version > VERSION:
            raise StoreFailed(f"{path}: a later version of slm-harness wrote it")
        raise _Unusable(f"version-{version}", f"it has the older layout {version}")
    return connection
