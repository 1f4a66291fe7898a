"""Writes the log of an experiment: lines are appended by one thread, in batches.

A line is written within ``TICK_SECONDS`` and on the disk within ``sync_seconds``: a killed process
loses the lines of one tick at most, a power cut those since the last sync. Each process begins a
file of its own, so that half a line of a killed one stays the last of its file.
"""

import json
import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError

SALT_FILE = "key.salt"
SALT_BYTES = 32
SUFFIX = ".jsonl"
TICK_SECONDS = 0.05
RETRY_SECONDS = 1.0
"""Time after which a log that could not be written is tried again."""
MAX_HELD = 10_000
"""Lines that are kept while the log cannot be written; more are lost and counted."""

Say = Callable[[Mapping[str, Any]], None]
"""Writes one entry of the server's own log."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How a log is kept."""

    folder: Path
    max_bytes: int = 100_000_000
    """A file that is larger is followed by the next one; so is one of another day (UTC)."""
    sync_lines: int = 200
    sync_seconds: float = 1.0
    has_texts: bool = False
    """Prompts and answers are in it."""
    is_required: bool = False
    """While it cannot be written, no request is answered."""


class LogFolder:
    """The log of one process."""

    def __init__(self, settings: LogSettings, say: Say) -> None:
        """
        Raises:
            HarnessError: the folder cannot be written.
        """
        self.settings = settings
        self.problem: str | None = None
        """Why the log cannot be written; ``None`` while it can."""
        self._say = say
        self._held: list[tuple[str, bytes]] = []
        """Arm and line of what is not written yet."""
        self._lost: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._is_closing = False
        self._file: _File | None = None
        try:
            settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._salt = _salt(settings.folder / SALT_FILE)
            self._open()
        except OSError as error:
            reason = error.strerror or str(error)
            raise HarnessError(
                f"--log {settings.folder}: cannot be written ({reason}), name another folder"
            ) from None
        self._thread = threading.Thread(target=self._run, name="ab-log", daemon=True)
        self._thread.start()

    def hash_of(self, key: str | None) -> str | None:
        """The hash by which the log knows a sticky key: salted with a secret of the folder, since
        keys such as mail addresses can be guessed."""
        if key is None:
            return None
        return blake2b(key.encode(), key=self._salt, digest_size=16).hexdigest()

    def add(self, entry: Mapping[str, Any]) -> None:
        """Append a line. ``entry["arm"]`` is counted if the line is lost."""
        line = json.dumps(entry, allow_nan=False).encode("ascii") + b"\n"
        with self._changed:
            if self.problem is not None and len(self._held) >= MAX_HELD:
                self._lost[entry["arm"]] += 1
                return
            if self._lost and self.problem is None:
                entry, self._lost = {**entry, "lost": dict(self._lost)}, Counter()
                line = json.dumps(entry, allow_nan=False).encode("ascii") + b"\n"
            self._held.append((entry["arm"], line))
            self._changed.notify()

    def close(self) -> None:
        """Write and sync what there is."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        is_last = False
        while not is_last:
            with self._changed:
                self._wait()
                is_last, batch = self._is_closing, self._held[:]
            self._write(batch, is_last=is_last)

    def _wait(self) -> None:
        """Wait for a batch, which is taken a tick after its first line; while the log cannot be
        written, for the time of another try."""
        if self.problem is not None:
            self._changed.wait_for(lambda: self._is_closing, RETRY_SECONDS)
            return
        self._changed.wait_for(lambda: self._is_closing or self._held, self._idle_seconds())
        if self._held:
            self._changed.wait_for(lambda: self._is_closing, TICK_SECONDS)

    def _idle_seconds(self) -> float | None:
        """Time until a sync is due; ``None`` where there is nothing to sync."""
        if self._file is None or not self._file.unsynced:
            return None
        return max(0.0, self._file.sync_due(self.settings) - time.monotonic())

    def _write(self, batch: list[tuple[str, bytes]], *, is_last: bool) -> None:
        try:
            if self._file is None or self._file.is_over(self.settings):
                self._open()
            assert self._file is not None
            self._file.append([line for _, line in batch])
            self._file.sync(self.settings, is_forced=is_last)
        except OSError as error:
            self._failed(error.strerror or str(error))
            return
        with self._changed:
            del self._held[: len(batch)]
            was, self.problem = self.problem, None
            self._changed.notify_all()
        if was is not None:
            self._say({"event": "ab_log_written_again", "lost": dict(self._lost)})
        if is_last:
            self._file.close()

    def _failed(self, reason: str) -> None:
        """Keep the lines for another try, in another file."""
        if self._file is not None:
            self._file.close()
            self._file = None
        with self._changed:
            was, self.problem = self.problem, reason
            left = len(self._held)
        if self._is_closing and left:
            self._say({"event": "ab_log_failed", "reason": reason, "lost": left})
        elif was is None:
            self._say({"event": "ab_log_failed", "reason": reason})

    def _open(self) -> None:
        if self._file is not None:
            self._file.sync(self.settings, is_forced=True)
            self._file.close()
        self._file = _File(self.settings.folder)


class _File:
    """One file of a log, which no other process writes."""

    def __init__(self, folder: Path) -> None:
        self.day = time.strftime("%Y-%m-%d", time.gmtime())
        clock = time.strftime("%H%M%S", time.gmtime())
        self.path = folder / f"{self.day}T{clock}-{secrets.token_hex(3)}{SUFFIX}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        self._fd: int | None = os.open(self.path, flags, 0o600)
        self.bytes = 0
        self.unsynced = 0
        self._since = 0.0

    def is_over(self, settings: LogSettings) -> bool:
        day = time.strftime("%Y-%m-%d", time.gmtime())
        return bool(self.bytes) and (self.bytes >= settings.max_bytes or day != self.day)

    def append(self, lines: list[bytes]) -> None:
        """Write whole lines, or none of them.

        Raises:
            OSError: nothing was written.
        """
        data = b"".join(lines)
        if not data:
            return
        assert self._fd is not None
        written = 0
        try:
            while written < len(data):
                written += os.write(self._fd, data[written:])
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._fd, self.bytes)
            raise
        if not self.unsynced:
            self._since = time.monotonic()
        self.bytes += len(data)
        self.unsynced += len(lines)

    def sync_due(self, settings: LogSettings) -> float:
        return self._since + settings.sync_seconds

    def sync(self, settings: LogSettings, *, is_forced: bool = False) -> None:
        is_due = self.unsynced >= settings.sync_lines or time.monotonic() >= self.sync_due(settings)
        if self.unsynced and (is_due or is_forced) and self._fd is not None:
            os.fsync(self._fd)
            self.unsynced = 0

    def close(self) -> None:
        if self._fd is not None:
            with suppress(OSError):
                os.close(self._fd)
            self._fd = None
        if not self.bytes:
            self.path.unlink(missing_ok=True)


def _salt(path: Path) -> bytes:
    """The folder's secret, made by the first process that logs there.

    Raises:
        HarnessError: the file is none of ours.
        OSError: it cannot be read or written.
    """
    if not path.exists():
        own = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        fd = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(fd, secrets.token_bytes(SALT_BYTES))
            os.fsync(fd)
            with suppress(FileExistsError):
                os.link(own, path)
        finally:
            os.close(fd)
            own.unlink()
    salt = path.read_bytes()
    if len(salt) != SALT_BYTES:
        raise HarnessError(f"{path}: is not the secret of an A/B log, name another folder")
    return salt
