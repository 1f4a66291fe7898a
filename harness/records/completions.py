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
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import psutil

from harness.core.completion import Completion, Origin
from harness.core.plan import Request, Sampling, sha256_of
from harness.core.record import ModelRecord
from harness.core.values import fields_of, value_of
from harness.records.completions_file import (
    ENDINGS,
    FILE,
    StoreFailed,
    is_damage,
    open_file,
    put_aside,
)

_AT_ONCE = 500
"""Keys of one statement; SQLite's least limit of parameters is 999."""
_WITH_LOGPROBS = (
    " and case when json_valid(answer) then json_extract(answer, '$.logprobs') end is not null"
)
"""Condition of a statement that looks for answers with log-probabilities."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer and the run that generated it."""

    completion: Completion
    origin: Origin


def request_key(request: Request) -> str:
    """SHA-256 of what determines an answer beside the model: the prompt, the template's arguments,
    the decoding and the repeat, for sampled decoding the request's own seed, for constrained
    decoding the grammar and the version of its library, and the stops."""
    seed = request.seed if request.sampling.temperature > 0 else None
    held = request.grammar
    grammar = [{"schema": held.identity, "library": held.library}] if held else []
    stop = [{"stop": request.stop}] if request.stop else []
    decoding = _without_seed(request.sampling)
    return sha256_of([request.prompt_sha256, decoding, request.repeat, seed, *grammar, *stop])


@cache
def _without_seed(sampling: Sampling) -> Sampling:
    return replace(sampling, seed=0)


class Completions:
    """The answers of all models. Every method raises ``StoreFailed`` where the disk fails."""

    def __init__(self, folder: Path) -> None:
        """Open the store of a folder, which is made where there is none.

        Raises:
            StoreFailed: the folder cannot be written, or a later version wrote the store.
        """
        self.path = folder / FILE
        self.owner = owner_of(os.getpid())
        self._connection, self.note = open_file(self.path)
        self._inode = self.path.stat().st_ino

    def find(self, model: str, keys: Sequence[str]) -> dict[str, StoredAnswer]:
        """The stored answers of a model by request key, in the order of ``keys``. A damaged one is
        dropped, so that it is generated again."""
        found: dict[str, StoredAnswer] = {}
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            with self.transaction() as connection:
                rows = connection.execute(
                    "select request, answer, run, created, digest from answers "
                    f"where model = ? and request in ({marks})",
                    (model, *some),
                ).fetchall()
                connection.execute(
                    f"update answers set used = ? where model = ? and request in ({marks})",
                    (time.time(), model, *some),
                )
                whole = [row for row in rows if digest_of(model, *row[:4]) == row[4]]
                if len(whole) < len(rows):
                    self._drop(model, {row[0] for row in rows} - {row[0] for row in whole})
            for request, answer, run, created, _ in whole:
                completion = value_of(Completion, json.loads(answer))
                found[request] = StoredAnswer(completion, Origin(run, created))
        return {key: found[key] for key in keys if key in found}

    def record_of(self, model: str) -> ModelRecord | None:
        """The model as it described itself when it was opened; without measurements."""
        with self.transaction() as connection:
            row = connection.execute(
                "select record, digest from models where model = ?", (model,)
            ).fetchone()
        if row is None or row[1] != sha256_of([model, row[0]]):
            return None
        return value_of(ModelRecord, json.loads(row[0]))

    def keep_model(self, model: str, record: ModelRecord) -> None:
        """Keep a model's record, so that a later run needs no opening."""
        bare = replace(record, load_seconds=None, generate_seconds=None, peak_memory_mb=None)
        text = json.dumps(bare, default=fields_of)
        with self.transaction() as connection:
            connection.execute(
                "insert or replace into models values (?, ?, ?, ?)",
                (model, record.ref, text, sha256_of([model, text])),
            )

    def keep(self, model: str, key: str, completion: Completion, run: str) -> None:
        """Keep an answer; once this returns it survives the death of this process."""
        bare = replace(completion, case_id="", repeat=0, timing=None, origin=None)
        text = json.dumps(bare, default=fields_of, separators=(",", ":"))
        created = datetime.now(UTC).isoformat(timespec="seconds")
        digest = digest_of(model, key, text, run, created)
        with self.transaction() as connection:
            connection.execute(
                "insert or replace into answers values (?, ?, ?, ?, ?, ?, ?)",
                (model, key, text, digest, run, created, time.time()),
            )

    def claim(self, model: str, keys: Sequence[str], *, has_logprobs: bool = False) -> list[str]:
        """Claim requests to generate their answers, and return those that are this session's: they
        have no answer yet (``has_logprobs``: none with log-probabilities) and no other living
        session claims them. They come in the order of ``keys``."""
        look = "select 1 from answers where model = ? and request = ?"
        look += _WITH_LOGPROBS if has_logprobs else ""
        with self.transaction() as connection:
            answered = {key for key in keys if connection.execute(look, (model, key)).fetchone()}
            claimed = dict(
                connection.execute("select request, owner from claims where model = ?", (model,))
            )
            living = {o for o in {*claimed.values()} - {self.owner} if _is_alive(o)}
            for dead in {*claimed.values()} - living - {self.owner}:
                connection.execute(
                    "delete from claims where model = ? and owner = ?", (model, dead)
                )
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

    def models(self) -> list[str]:
        """The keys of the models."""
        with self.transaction() as connection:
            return [str(row[0]) for row in connection.execute("select model from models")]

    def count(self, model: str) -> int:
        """The number of a model's answers."""
        with self.transaction() as connection:
            row = connection.execute("select count(*) from answers where model = ?", (model,))
            return int(row.fetchone()[0])

    def forget(self, model: str) -> None:
        """Remove a model and its answers."""
        with self.transaction() as connection:
            connection.execute("delete from answers where model = ?", (model,))
            connection.execute("delete from models where model = ?", (model,))

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
        except sqlite3.Error as error:
            told = f"{self.path}: {error}"
            if is_damage(error):
                connection.close()
                told = put_aside(self.path, self._inode, "damaged", str(error)) or told
            raise StoreFailed(told) from None

    def _drop(self, model: str, keys: set[str]) -> None:
        """Remove damaged answers, within a transaction."""
        self._connection.executemany(
            "delete from answers where model = ? and request = ?", [(model, key) for key in keys]
        )


def digest_of(model: str, key: str, text: str, run: str, created: str) -> str:
    """Hash of a row of answers, by which damage on the disk is seen."""
    return sha256_of([model, key, text, run, created])


def owner_of(pid: int) -> str:
    """Names a process so that another one, which gets its number later, has another name."""
    return f"{pid} {psutil.Process(pid).create_time():.2f}"


def _is_alive(owner: str) -> bool:
    try:
        return owner_of(int(owner.split()[0])) == owner
    except (psutil.Error, ValueError, IndexError):
        return False
