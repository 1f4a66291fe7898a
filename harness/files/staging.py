"""Staging of an export: checks of its target, and names to write under until it is complete.

Everything is written beside the target and renamed at the end (``harness.files.atomic``). What a
killed export leaves behind is removed by the next one into the same place.
"""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil

from harness.core.errors import HarnessError
from harness.files.refused import WRITE_ERRORS

RECORD_SUFFIX = ".export.json"
RECORD_FILE = "export.json"
"""The record of an exported folder, within it."""
SPARE_BYTES = 16 << 20
"""Kept free beside the bytes that are known to be written."""


class Staging:
    """Names beside ``target`` to write under; they hold the id of the process that writes."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self._prefix = f".{target.name}.{os.getpid()}."

    def path(self, part: str) -> Path:
        """A name to write ``part`` under."""
        return self.target.with_name(f"{self._prefix}{part}.partial")

    def clear(self) -> None:
        """Remove the files under these names, and those that dead processes left under theirs."""
        pattern = re.compile(rf"\.{re.escape(self.target.name)}\.(\d+)\.[\w.-]+\.partial")
        for path in self.target.parent.glob(".*.partial"):
            match = pattern.fullmatch(path.name)
            if match and (int(match[1]) == os.getpid() or not psutil.pid_exists(int(match[1]))):
                _remove(path)


@contextlib.contextmanager
def staged(target: Path) -> Iterator[Staging]:
    """Yield names to write under; nothing is left under them when the block ends.

    Raises:
        HarnessError: the disk is full or may not be written.
    """
    staging = Staging(target)
    try:
        staging.clear()
        yield staging
    except OSError as error:
        # numpy says how much it could write, but not why that was all: errno is None then.
        if error.errno is not None and error.errno not in WRITE_ERRORS:
            raise
        reason = error.strerror or "the disk or a quota is full"
        raise HarnessError(cannot_write(target, reason)) from None
    finally:
        staging.clear()


def check_file(target: Path, has_force: bool) -> None:
    """Raise a HarnessError unless a file can be put at ``target``."""
    if target.is_dir():
        raise HarnessError(f"-o {target}: is a folder, name the file to write")
    _check_parent(target)
    for path in (target, record_of(target)):
        if path.exists() and not has_force:
            raise HarnessError(f"-o {target}: {path.name} is there already, add --force")


def check_folder(target: Path, has_force: bool, inputs: tuple[Path, ...]) -> None:
    """Raise a HarnessError unless a model's folder can be put at ``target``.

    With ``has_force`` what an export left there may be replaced. ``inputs`` are read meanwhile and
    must not lie inside ``target``.
    """
    if wrong := folder_mistake(target, inputs):
        raise HarnessError(f"-o {target}: {wrong}")
    _check_parent(target)
    if not target.is_dir() or not any(target.iterdir()):
        return
    if not (target / "export.json").is_file():
        raise HarnessError(f"-o {target}: holds files that no export made, name another folder")
    if not has_force:
        raise HarnessError(f"-o {target}: holds a model already, add --force")


def folder_mistake(target: Path, inputs: tuple[Path, ...]) -> str | None:
    """Why no folder can be put at ``target``, whatever it holds; ``None`` where one can."""
    if target.is_file():
        return "is a file, name a folder"
    inner = [p for p in (Path.cwd(), *inputs) if p.resolve().is_relative_to(target.resolve())]
    return f"holds {inner[0]}, name a folder of its own" if target.is_dir() and inner else None


def cannot_write(target: Path, reason: str) -> str:
    """The message where a disk refuses what was to be written to ``target``."""
    return f"{target}: cannot be written ({reason}), nothing was kept"


def check_space(target: Path, wanted_bytes: int) -> None:
    """Raise a HarnessError when the disk has no room for it."""
    free = shutil.disk_usage(target.parent).free
    if free < wanted_bytes + SPARE_BYTES:
        raise HarnessError(
            f"-o {target}: needs {wanted_bytes / 1e9:.2f} GB while it is written, the disk has "
            f"{free / 1e9:.2f} GB free"
        )


def record_of(target: Path) -> Path:
    """The file beside an exported file that holds its record."""
    return target.with_name(target.name + RECORD_SUFFIX)


def _check_parent(target: Path) -> None:
    parent = target.parent
    if not parent.is_dir():
        raise HarnessError(f"-o {target}: there is no folder {parent}, make it first")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise HarnessError(f"-o {target}: {parent} may not be written")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
