"""The store of completions: every answer that was ever generated, by what determines it.

One SQLite file, shared by all sessions of a user. A model is known by the content of its files and
the libraries that ran it (``harness.run.model_key``), a request by its prompt and its decoding
(``request_key``); names, folders, tasks and cases are no part of either. An answer is written as it
comes and survives the death of the session. What cannot be read is generated again.
"""

import json
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psutil

from harness.core.completion import Completion, Origin
from harness.core.plan import Request, sha256_of
from harness.core.record import ModelRecord

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FILE = "completions.sqlite3"
VERSION = 1
BUSY_SECONDS = 30.0
"""Time that a session waits for another one's write, which takes less than a millisecond."""
ENDINGS = ("", "-wal", "-shm")
"""SQLite's files of one database."""
_AT_ONCE = 500
"""Keys of one statement; SQLite's least limit of parameters is 999."""
_TABLES = """
create table if not exists models (
    model text primary key, ref text not null, record text not null, digest text not null
) without rowid;
create table if not exists answers (
    model text not null, request text not null, answer text not null, digest text not null,
    run text not null, created text not null, used real not null,
    primary key (model, request)
) without rowid;
create table if not exists claims (
    model text not null, request text not null, owner text not null,
    primary key (model, request)
) without rowid;
"""


T = TypeVar("T")
_ADAPTERS: "dict[type, TypeAdapter[Any]]" = {}


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer and the run that generated it."""

    completion: Completion
    origin: Origin


class StoreFailed(Exception):
    """The store cannot be used any more; the message is one line."""


def request_key(request: Request) -> str:
    """SHA-256 of what determines an answer beside the model: the prompt, the template's arguments,
    the decoding and the repeat, and for sampled decoding the request's own seed."""
    seed = request.seed if request.sampling.temperature > 0 else None
    return sha256_of(
        [request.prompt_sha256, asdict(replace(request.sampling, seed=0)), request.repeat, seed]
    )


class Completions:
    """The answers of all models. Every method raises ``StoreFailed`` where the disk fails."""

    def __init__(self, folder: Path) -> None:
        """Open the store of a folder, which is made where there is none.

        Raises:
            StoreFailed: the folder cannot be written, or a later version wrote the store.
        """
        self.path = folder / FILE
        self.notes: list[str] = []
        """One line for each thing that went wrong and was overcome."""
        self.owner = owner_of(os.getpid())
        self._connection = self._opened()

    def find(self, model: str, keys: Sequence[str]) -> dict[str, StoredAnswer]:
        """The stored answers of a model by request key, in the order of ``keys``. A damaged one is
        as if it was never stored."""
        found: dict[str, StoredAnswer] = {}
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            with self.transaction() as connection:
                rows = connection.execute(
                    "select request, answer, digest, run, created from answers "
                    f"where model = ? and request in ({marks})",
                    (model, *some),
                ).fetchall()
                connection.execute(
                    f"update answers set used = ? where model = ? and request in ({marks})",
                    (time.time(), model, *some),
                )
            for request, answer, digest, run, created in rows:
                if digest == digest_of(model, request, answer, run, created):
                    origin = Origin(run, created)
                    found[request] = StoredAnswer(_value(Completion, answer), origin)
        return {key: found[key] for key in keys if key in found}

    def record_of(self, model: str) -> ModelRecord | None:
        """The model as it described itself when it was opened; without measurements."""
        with self.transaction() as connection:
            row = connection.execute(
                "select record, digest from models where model = ?", (model,)
            ).fetchone()
        if row is None or row[1] != sha256_of([model, row[0]]):
            return None
        return _value(ModelRecord, row[0])

    def keep_model(self, model: str, record: ModelRecord) -> None:
        """Keep a model's record, so that a later run needs no opening."""
        bare = replace(record, load_seconds=None, generate_seconds=None, peak_memory_mb=None)
        text = json.dumps(asdict(bare), ensure_ascii=True)
        with self.transaction() as connection:
            connection.execute(
                "insert or replace into models values (?, ?, ?, ?)",
                (model, record.ref, text, sha256_of([model, text])),
            )

    def keep(self, model: str, key: str, completion: Completion, run: str) -> None:
        """Keep an answer; once this returns it survives the death of this process. It ends the
        claim to it."""
        bare = replace(completion, case_id="", repeat=0, timing=None, origin=None)
        text = json.dumps(asdict(bare), ensure_ascii=True, separators=(",", ":"))
        created = datetime.now(UTC).isoformat(timespec="seconds")
        digest = digest_of(model, key, text, run, created)
        with self.transaction() as connection:
            connection.execute(
                "insert or replace into answers values (?, ?, ?, ?, ?, ?, ?)",
                (model, key, text, digest, run, created, time.time()),
            )
            connection.execute("delete from claims where model = ? and request = ?", (model, key))

    def claim(self, model: str, keys: Sequence[str]) -> list[str]:
        """Claim requests to generate their answers, and return those that are this session's: they
        have no answer yet and no other living session claims them. They come in the order of
        ``keys``."""
        with self.transaction() as connection:
            answered = {
                key
                for key in keys
                if connection.execute(
                    "select 1 from answers where model = ? and request = ?", (model, key)
                ).fetchone()
            }
            claimed = dict(
                connection.execute("select request, owner from claims where model = ?", (model,))
            )
            living = {o for o in {*claimed.values()} - {self.owner} if _is_alive(o)}
            mine = [k for k in keys if k not in answered and claimed.get(k) not in living]
            connection.executemany(
                "insert or replace into claims values (?, ?, ?)",
                [(model, key, self.owner) for key in mine],
            )
        return mine

    def release(self, model: str) -> None:
        """Give up this session's claims to a model's requests."""
        with self.transaction() as connection:
            connection.execute(
                "delete from claims where model = ? and owner = ?", (model, self.owner)
            )

    @property
    def size_bytes(self) -> int:
        """Size of the file with what is not merged into it yet."""
        files = [Path(f"{self.path}{ending}") for ending in ENDINGS]
        return sum(file.stat().st_size for file in files if file.exists())

    def compact(self) -> None:
        """Give the room of removed answers back to the disk."""
        try:
            self._connection.execute("vacuum")
            self._connection.execute("pragma wal_checkpoint(truncate)")
        except sqlite3.Error as error:
            raise StoreFailed(f"{self.path}: {error}") from None

    def close(self) -> None:
        """Close the file."""
        with suppress(sqlite3.Error):
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction, begun as a writer so that it never has to give way in its middle.

        Raises:
            StoreFailed: the disk failed, or the file is damaged and was put aside.
        """
        connection = self._connection
        try:
            connection.execute("begin immediate")
            try:
                yield connection
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("rollback")
                raise
            connection.execute("commit")
        except sqlite3.OperationalError as error:  # A full disk, or another one's write that hangs.
            raise StoreFailed(f"{self.path}: {error}") from None
        except sqlite3.Error as error:
            connection.close()
            self._connection = self._anew("damaged", str(error))
            raise StoreFailed(self.notes[-1]) from None

    def _opened(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return self._ready()
        except sqlite3.OperationalError as error:
            raise StoreFailed(f"{self.path}: {error}") from None
        except sqlite3.DatabaseError as error:
            return self._anew("damaged", str(error))
        except OSError as error:
            raise StoreFailed(f"{self.path}: {error.strerror}") from None

    def _ready(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            version = connection.execute("pragma user_version").fetchone()[0]
            is_empty = not connection.execute("select 1 from sqlite_master").fetchone()
            if version > VERSION:
                raise StoreFailed(f"{self.path}: a later version of slm-harness wrote it")
            if not is_empty and version < VERSION:
                connection.close()
                return self._anew(f"version-{version}", f"it has the older layout {version}")
            connection.execute("pragma journal_mode = wal")
            # Survives the death of the process; a power cut may lose the last answers.
            connection.execute("pragma synchronous = normal")
            connection.executescript(f"{_TABLES} pragma user_version = {VERSION};")
        except BaseException:
            connection.close()
            raise
        return connection

    def _anew(self, kind: str, reason: str) -> sqlite3.Connection:
        """Put the file aside, where it stays, and begin another."""
        aside = self.path.with_name(f"{self.path.name}.{kind}-{time.time_ns()}")
        try:
            for ending in ENDINGS:
                with suppress(FileNotFoundError):
                    Path(f"{self.path}{ending}").rename(f"{aside}{ending}")
            connection = self._ready()
        except (sqlite3.Error, OSError) as error:
            raise StoreFailed(f"{self.path}: {error}") from None
        self.notes.append(f"{self.path}: {reason}: it was put aside as {aside.name}")
        return connection


def digest_of(model: str, key: str, text: str, run: str, created: str) -> str:
    """Hash of a row of answers, by which damage on the disk is seen."""
    return sha256_of([model, key, text, run, created])


def _value(kind: type[T], text: str) -> T:
    from pydantic import TypeAdapter

    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    # Not ``validate_json``, which refuses the lone surrogates of a model that was cut in one.
    value: T = _ADAPTERS[kind].validate_python(json.loads(text))
    return value


def owner_of(pid: int) -> str:
    """Names a process so that another one, which gets its number later, has another name."""
    return f"{pid} {psutil.Process(pid).create_time():.2f}"


def _is_alive(owner: str) -> bool:
    try:
        return owner_of(int(owner.split()[0])) == owner
    except (psutil.Error, ValueError, IndexError):
        return False
