"""Reads an A/B log: files, or all files of a folder, line by line or whole."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from harness.ab.entry import LogEntry, is_log_line
from harness.ab.log_folder import SUFFIX
from harness.core.errors import HarnessError

_ID_BYTES = 16


@dataclass(slots=True)
class LogLines:
    """The lines of a log, one after the other, and what was found beside them so far."""

    files: Sequence[Path]
    halves: int = 0
    """Files that end in half a line: the process was killed while it wrote."""
    broken: list[str] = field(default_factory=list)
    """``FILE:LINE: reason`` of each other line that cannot be read."""
    lost: Counter[str] = field(default_factory=Counter)
    """Lines of each arm that could not be written."""

    def __iter__(self) -> Iterator[LogEntry]:
        """Each id once, in the order of the files; to be read through once.

        Raises:
            HarnessError: a file cannot be read, or there is no line.
        """
        seen: set[bytes] = set()
        for file in self.files:
            for entry in self._entries(file):
                name = blake2b(entry.id.encode("utf-8", "surrogatepass"), digest_size=_ID_BYTES)
                if name.digest() not in seen:
                    seen.add(name.digest())
                    self.lost.update(entry.lost)
                    yield entry
        if not seen:
            named = ", ".join(map(str, self.files))
            also = f"; {self.broken[0]}" if self.broken else ""
            raise HarnessError(f"{named}: holds no line of an A/B log{also}")

    def _entries(self, file: Path) -> Iterator[LogEntry]:
        try:
            with file.open("rb") as stream:
                for number, raw in enumerate(stream, start=1):
                    if not raw.endswith(b"\n"):
                        self.halves += 1
                        return
                    try:
                        yield LogEntry.parse(raw)
                    except HarnessError as error:
                        self.broken.append(f"{file}:{number}: {error}")
        except OSError as error:
            raise HarnessError(f"{file}: cannot be read ({error.strerror})") from None


@dataclass(frozen=True, slots=True)
class ReadLog:
    """All lines of a log, and what was found beside them."""

    entries: list[LogEntry]
    """In the order of time; each id once."""
    lines: LogLines

    @property
    def halves(self) -> int:
        return self.lines.halves

    @property
    def broken(self) -> list[str]:
        return self.lines.broken

    @property
    def lost(self) -> Counter[str]:
        return self.lines.lost


def read_log(paths: Sequence[Path]) -> ReadLog:
    """Read a log whole, with its texts.

    Raises:
        HarnessError: a file cannot be read, or there is no line.
    """
    lines = lines_of(paths)
    return ReadLog(sorted(lines, key=lambda entry: entry.time), lines)


def lines_of(paths: Sequence[Path]) -> LogLines:
    """The lines of a log, to be read one after the other.

    Raises:
        HarnessError: there is no file.
    """
    return LogLines(files_of(paths))


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
