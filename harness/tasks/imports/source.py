"""The local clone or file that a benchmark is read from.

What lies there was written by strangers: sizes are bounded, links are not followed, and nothing of
it is run (``git`` neither: a clone's own settings may name programs).
"""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from harness.core.errors import HarnessError
from harness.core.printable import printable
from harness.files.regular import read_regular

MAX_FILES = 100_000
"""Files of a clone that are looked at."""
MAX_FILE_BYTES = 256_000_000
MAX_ALL_BYTES = 2_000_000_000
"""Of everything that one import reads."""
_MAX_LICENCE_BYTES = 200_000
_MAX_GIT_BYTES = 10_000_000
_LFS = b"version https://git-lfs.github.com/spec/"
_LICENCE = re.compile(r"(?:licen[cs]e|copying)(?:[.-].*)?", re.IGNORECASE)
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REF = re.compile(r"refs/[\w./+@-]+")


class Unreadable(Exception):
    """A file of the source is not read; the message says why, without its name."""


@dataclass(frozen=True, slots=True)
class Licence:
    """The terms that a source comes with."""

    file: str
    text: str

    @property
    def title(self) -> str:
        """Its first line that says something, with the version that may follow."""
        lines = (" ".join(line.split()) for line in self.text.splitlines())
        first, second = [*(line for line in lines if line.strip("#=- ")), "", ""][:2]
        title = f"{first}, {second}" if second.startswith("Version ") else first
        return printable(title or self.file)[:200]


@dataclass(slots=True)
class Source:
    """A folder, mostly a clone, or one file."""

    path: Path
    sha256: dict[str, str] = field(default_factory=dict)
    """By name: the hash of each file that was read."""
    bytes_read: int = 0
    names: tuple[str, ...] = ()
    """Its files below the folder, sorted, without links; of a file its own name."""
    links: tuple[str, ...] = ()
    """Links in it, which are not followed."""

    def __post_init__(self) -> None:
        if self.path.is_dir():
            self.names, self.links = _walk(self.path)
        elif self.path.exists():
            self.names = (self.path.name,)
        else:
            raise HarnessError(f"{self.path}: is not there, name a clone or a file")

    def below(self, folder: str, suffix: str = "") -> list[str]:
        """The files in a folder of it and in those below, whose names end so."""
        start = f"{folder}/" if folder else ""
        return [n for n in self.names if n.startswith(start) and n.endswith(suffix)]

    def place(self, name: str) -> Path:
        """The path of a file of it."""
        return self.path / name if self.path.is_dir() else self.path

    def read(self, name: str) -> bytes:
        """The content of a file, of which the hash is noted.

        Raises:
            Unreadable: it is none of ``names``, is too large, or no file that was fetched.
        """
        path = self.place(name)
        if name not in self.names or (self.path.is_dir() and _is_outside(path, self.path)):
            raise Unreadable("is no file of the source, or a link out of it")
        try:
            raw = read_regular(path, MAX_FILE_BYTES)
        except (HarnessError, OSError) as error:
            raise Unreadable(str(error).removeprefix(f"{path}: ")) from None
        if raw.startswith(_LFS):
            raise Unreadable("is a pointer of Git LFS, run git lfs pull in the clone")
        self.bytes_read += len(raw)
        if self.bytes_read > MAX_ALL_BYTES:
            raise HarnessError(f"{self.path}: holds more than {MAX_ALL_BYTES // 10**9} GB of rows")
        self.sha256[name] = hashlib.sha256(raw).hexdigest()
        return raw

    def whole_sha256(self) -> str:
        """One hash of the names and hashes of all files that were read, as ``sha256sum`` lists
        them."""
        lines = (f"{digest}  {name}\n" for name, digest in sorted(self.sha256.items()))
        return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()

    def licence(self) -> Licence | None:
        """The text of the licence at the top of a folder, ``None`` where there is none."""
        top = (n for n in self.names if "/" not in n and _LICENCE.fullmatch(n))
        for name in top if self.path.is_dir() else ():
            text = _small(self.path / name, self.path, _MAX_LICENCE_BYTES)
            if text and text.strip():
                return Licence(name, text)
        return None

    def commit(self) -> str | None:
        """The commit that a clone stands at, read from its ``.git``; ``None`` where none is said.

        Of a file nothing is known: a repository around it may be another project's.
        """
        folder = self.path / ".git"
        head = _git_text(folder / "HEAD", folder) or ""
        name = head.removeprefix("ref:").strip()
        if not head.startswith("ref:"):
            return name if _COMMIT.fullmatch(name) else None
        if not _REF.fullmatch(name) or ".." in PurePosixPath(name).parts:
            return None
        found = (_git_text(folder / name, folder) or "").strip()
        packed = _packed(_git_text(folder / "packed-refs", folder) or "", name)
        return found if _COMMIT.fullmatch(found) else packed


def _walk(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The files and the links below a folder; what git keeps for itself is left out."""
    names: list[str] = []
    links: list[str] = []
    for path in _entries(folder):
        (links if path.is_symlink() else names).append(path.relative_to(folder).as_posix())
        if len(names) + len(links) > MAX_FILES:
            raise HarnessError(f"{folder}: holds more than {MAX_FILES:,} files, name the one meant")
    return tuple(sorted(names)), tuple(sorted(links))


def _entries(folder: Path) -> Iterator[Path]:
    for above, folders, files in os.walk(folder, followlinks=False):
        for name in (*folders, *files):
            path = Path(above, name)
            if name in files or path.is_symlink():
                yield path
        folders[:] = [n for n in folders if n != ".git" and not Path(above, n).is_symlink()]


def _is_outside(path: Path, folder: Path) -> bool:
    return path.is_symlink() or not path.resolve().is_relative_to(folder.resolve())


def _small(path: Path, folder: Path, max_bytes: int) -> str | None:
    if not path.is_file() or _is_outside(path, folder):
        return None
    try:
        return read_regular(path, max_bytes).decode("utf-8", "replace")
    except (HarnessError, OSError):
        return None


def _git_text(path: Path, folder: Path) -> str | None:
    return None if folder.is_symlink() else _small(path, folder, _MAX_GIT_BYTES)


def _packed(text: str, name: str) -> str | None:
    """The commit of a name in ``packed-refs``: a line with a commit, a blank and a name each."""
    for line in text.splitlines():
        commit, _, named = line.partition(" ")
        if named == name and _COMMIT.fullmatch(commit):
            return commit
    return None
