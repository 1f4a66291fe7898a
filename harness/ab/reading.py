"""Reads an A/B log: files, or all files of a folder, in the order of time."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.ab.entry import LogEntry, is_log_line
from harness.ab.log_folder import SUFFIX
from harness.core.errors import HarnessError


@dataclass(slots=True)
class ReadLog:
    """The lines of a log, and what was found beside them."""

    entries: list[LogEntry] = field(default_factory=list)
    """In the order of time; each id once."""
    halves: int = 0
    """Files that end in half a line: the process was killed while it wrote."""
    broken: list[str] = field(default_factory=list)
    """``FILE:LINE: reason`` of each other line that cannot be read."""

    @property
    def lost(self) -> Counter[str]:
        """Lines of each arm that could not be written."""
        found: Counter[str] = Counter()
        for entry in self.entries:
            found.update(entry.lost)
        return found


def read_log(paths: Sequence[Path]) -> ReadLog:
    """Read a log.

    Raises:
        HarnessError: a file cannot be read, or there is no line.
    """
    found = ReadLog()
    seen: set[str] = set()
    for file in files_of(paths):
        for entry in _entries(file, found):
            if entry.id not in seen:
                seen.add(entry.id)
                found.entries.append(entry)
    if not found.entries:
        named = ", ".join(map(str, paths))
        also = f"; {found.broken[0]}" if found.broken else ""
        raise HarnessError(f"{named}: holds no line of an A/B log{also}")
    found.entries.sort(key=lambda entry: entry.time)
    return found


def files_of(paths: Sequence[Path]) -> list[Path]:
    """The files of a log, each once.

    Raises:
        HarnessError: there is none.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        own = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
        if not own:
            raise HarnessError(f"{path}: holds no {SUFFIX} file, name the folder of --log")
        found.update((file.resolve(), file) for file in own)
    return list(found.values())


def is_log(path: Path) -> bool:
    """True for a file of an A/B log, or a folder with one."""
    try:
        if path.is_dir():
            return any(map(is_log, sorted(path.glob(f"*{SUFFIX}"))[:3]))
        with path.open("rb") as stream:
            return is_log_line(stream.read(64))
    except (OSError, ValueError):
        return False


def _entries(file: Path, found: ReadLog) -> Iterator[LogEntry]:
    try:
        with file.open("rb") as stream:
            for number, raw in enumerate(stream, start=1):
                if not raw.endswith(b"\n"):
                    found.halves += 1
                    return
                try:
                    yield LogEntry.parse(raw)
                except HarnessError as error:
                    found.broken.append(f"{file}:{number}: {error}")
    except OSError as error:
        raise HarnessError(f"{file}: cannot be read ({error.strerror})") from None
