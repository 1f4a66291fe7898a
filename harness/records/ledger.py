"""The ledger of baselines: one line for each decision against one, to be committed.

Attempts are counted from it over all machines and all retrained weights. Lines are only ever
appended, each by itself, so that Git can merge two ledgers as a union of their lines. It is read as
hostile input: a damaged line is passed over and said, a line that stands twice counts once.
"""

import json
import os
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from harness.core.attempts import Attempts
from harness.core.errors import HarnessError
from harness.core.plan import sha256_of
from harness.core.record import RunRecord
from harness.files.regular import read_regular
from harness.files.strict_json import NotJson, decode, mistake, validator

LEDGER = "ledger.jsonl"
MAX_BYTES = 64_000_000
"""A larger ledger is not read: it would have 100,000 decisions."""
MAX_LINE = 8_192
"""Bytes of one entry."""
REFUSED = "not comparable"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One line: a decision against a baseline, or a baseline or an anchor that was saved."""

    event: Literal["gate", "baseline", "anchor"]
    """A decision, or what was saved."""
    baseline: str
    baseline_run: str
    """Id of the run that the baseline holds; of the run that is saved."""
    plan: str
    """Fingerprint of the run's cases, prompts and decoding."""
    run: str
    """The run's id: the same wherever its record is copied."""
    model: str
    weights: str | None
    """SHA-256 of the model's weights."""
    outcome: str
    """The gate's; of a saved run ``first``, or ``not first``."""
    time: str = ""
    """UTC, RFC 3339."""

    @property
    def id(self) -> str:
        """Equal for entries that differ in their time alone."""
        return sha256_of({**asdict(self), "time": ""})[:16]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The entries that could be read, each once, by time."""

    entries: tuple[LedgerEntry, ...] = ()
    damage: str = ""
    """One line about lines that could not be read; empty where all could."""

    def __contains__(self, entry: LedgerEntry) -> bool:
        return any(known.id == entry.id for known in self.entries)

    def attempts(self, own: LedgerEntry) -> Attempts:
        """The attempt that an entry is among those of its plan against its baseline."""
        earlier: dict[tuple[str, str], str | None] = {}
        for entry in self.entries:
            if (entry.run, entry.model) == (own.run, own.model) and entry.event == own.event:
                break
            if _is_alike(entry, own):
                earlier.setdefault((entry.run, entry.model), entry.weights)
        others = sum(weights is None or weights != own.weights for weights in earlier.values())
        return Attempts(1 + len(earlier), others)

    def runs_of(self, weights: str, plan: str, before: str) -> Iterator[str]:
        """Runs of these weights on this plan that were gated before a time."""
        for entry in self.entries:
            is_same = (entry.weights, entry.plan, entry.event) == (weights, plan, "gate")
            if is_same and entry.time < before:
                yield entry.run


def read_ledger(root: Path) -> Ledger:
    """The ledger in a folder of baselines; empty where there is none."""
    path = root / LEDGER
    try:
        lines = read_regular(path, MAX_BYTES).split(b"\n")
    except FileNotFoundError:
        return Ledger()
    except HarnessError as error:
        return Ledger(damage=f"The ledger is not read: {error}")
    found: dict[str, LedgerEntry] = {}
    wrong: list[str] = []
    for number, line in enumerate(lines, start=1):
        entry = _entry(line) if line.strip() else None
        if isinstance(entry, str):
            wrong.append(f"{path}:{number}: {entry}")
        elif entry and (entry.id not in found or entry.time < found[entry.id].time):
            found[entry.id] = entry
    more = f" and {len(wrong) - 1} more lines" if len(wrong) > 1 else ""
    damage = f"No entry of the ledger, passed over: {wrong[0]}{more}" if wrong else ""
    return Ledger(tuple(sorted(found.values(), key=lambda e: e.time)), damage)


def enter(entry: LedgerEntry, root: Path) -> str:
    """Append an entry with the time; return one line where it could not be kept, else nothing.

    Processes that append at once do not mix their lines: each is one write to the file's end.
    """
    path = root / LEDGER
    time = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    values = {"id": entry.id, **asdict(entry), "time": time}
    line = json.dumps(values, separators=(",", ":")).encode()
    if len(line) > MAX_LINE:
        return f"Not entered in {path}: the line would be longer than {MAX_LINE:,} bytes."
    try:
        root.mkdir(parents=True, exist_ok=True)
        _append(path, line)
    except OSError as error:
        return f"Not entered in {path}, so this attempt will not be counted: {error.strerror}."
    return ""


def saved_entries(
    event: Literal["baseline", "anchor"],
    baseline: str,
    record: RunRecord,
    refs: Collection[str],
    *,
    is_first: bool,
) -> Iterator[LedgerEntry]:
    """The entries about a run that was saved, one for each of its models."""
    for model in (m for m in record.models if m.ref in refs):
        yield LedgerEntry(
            event=event,
            baseline=baseline,
            baseline_run=record.id,
            plan=record.plan_fingerprint,
            run=record.id,
            model=model.ref,
            weights=model.weights_sha256,
            outcome="first" if is_first else "not first",
        )


def _append(path: Path, line: bytes) -> None:
    """Write a line to the end of a file, after a line that was cut off too. A link is not followed:
    a commit could point it at any file of the user's."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
    flags |= (
        getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    handle = os.open(path, flags, 0o644)
    try:
        size = os.fstat(handle).st_size
        if size:
            os.lseek(handle, size - 1, os.SEEK_SET)
        is_cut = size > 0 and os.read(handle, 1) != b"\n"
        os.write(handle, (b"\n" if is_cut else b"") + line + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_alike(entry: LedgerEntry, own: LedgerEntry) -> bool:
    """Both are decisions on one plan against the same record of one baseline. A refusal decides
    nothing."""
    return entry.outcome != REFUSED and all(
        getattr(entry, name) == getattr(own, name)
        for name in ("event", "baseline", "baseline_run", "plan")
    )


def _entry(line: bytes) -> LedgerEntry | str:
    """The entry, or why the line is none."""
    if len(line) > MAX_LINE:
        return f"longer than {MAX_LINE:,} bytes"
    try:
        entry = _validate()(decode(line))
    except NotJson as error:
        return str(error)
    except ValidationError as error:
        return mistake(error.errors()[0])
    assert isinstance(entry, LedgerEntry)
    return entry


@cache
def _validate() -> Any:
    return validator(TypeAdapter(LedgerEntry))
