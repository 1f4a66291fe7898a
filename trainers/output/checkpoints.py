"""Checkpoints of a training: each is whole or not there, and is checked before one goes on from it.

They stand in the partial folder of the output, ``checkpoint-50`` after step 50, and each is an
adapter of its own. A manifest in it names the training and holds the hash of every file.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.files.strict_json import UnreadableFile, read_object
from harness.model_files.fingerprint import sha256_of_file
from trainers.output.identity import Identity

MANIFEST = "checkpoint.json"
WRITING = ".writing"
"""The folder in which a checkpoint is written before it gets its name."""
_NAME = re.compile(r"checkpoint-(\d{1,12})")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint whose files are as they were written."""

    path: Path
    step: int
    seconds: float
    """Wall time of the training so far."""
    curve: tuple[Mapping[str, Any], ...]
    resumed: tuple[int, ...]
    """Steps from which the training went on before."""
    selection: Mapping[str, Any] | None = None
    """See ``trainers.run.selection.Selection.state``; ``None`` where no step is chosen."""


def checkpoint_folders(partial: Path) -> list[Path]:
    """The checkpoints in a folder, the newest first, whole or not."""
    found = [(int(m[1]), p) for p in _entries(partial) if (m := _NAME.fullmatch(p.name))]
    return [path for _, path in sorted(found, reverse=True)]


def how_to_go_on(partial: Path) -> str:
    """A line about the newest checkpoint; empty where there is none."""
    found = checkpoint_folders(partial)
    if not found:
        return ""
    return f"{found[0]} is whole: run the command again with --resume to go on from it"


def seal(
    written: Path,
    partial: Path,
    step: int,
    identity: Identity,
    *,
    seconds: float,
    curve: Sequence[Mapping[str, Any]],
    resumed: Sequence[int],
    selection: Mapping[str, Any] | None = None,
) -> Path:
    """Give a written checkpoint its manifest and its name, once all of it is on the disk."""
    files = {str(p.relative_to(written)): sha256_of_file(p) for p in _files(written)}
    manifest = {
        "step": step,
        "seconds": seconds,
        "resumed": [*resumed],
        "selection": selection,
        "training": asdict(identity),
        "curve": [*curve],
        "files": files,
    }
    (written / MANIFEST).write_text(json.dumps(manifest, indent=1, allow_nan=False) + "\n", "utf-8")
    for path in _files(written):
        _sync(path)
    target = partial / f"checkpoint-{step}"
    shutil.rmtree(target, ignore_errors=True)
    written.rename(target)
    _sync(partial)
    return target


def keep_newest(partial: Path, count: int | None) -> None:
    """Remove all but the newest checkpoints."""
    for path in checkpoint_folders(partial)[count:] if count else ():
        shutil.rmtree(path)


def newest_checkpoint(partial: Path, identity: Identity) -> tuple[Checkpoint | None, list[str]]:
    """The newest checkpoint that is whole; a line for each newer one that is not, and for each
    program that had another version.

    Raises:
        HarnessError: it belongs to a training with another recipe, other data or another base; a
            line for each difference.
    """
    passed: list[str] = []
    for path in checkpoint_folders(partial):
        try:
            manifest = _checked(path)
        except ValueError as damage:
            passed.append(f"{path} is passed over: {damage}")
            continue
        passed += identity.other_versions(manifest["training"])
        differences = identity.differences(manifest["training"])
        if differences:
            raise HarnessError(*(f"{path}: {what}, so it cannot go on" for what in differences))
        return (
            Checkpoint(
                path,
                manifest["step"],
                manifest["seconds"],
                tuple(manifest["curve"]),
                tuple(manifest["resumed"]),
                manifest.get("selection"),
            ),
            passed,
        )
    return None, passed


def _checked(path: Path) -> dict[str, Any]:
    """The manifest of a checkpoint whose files are those that were written.

    Raises:
        ValueError: the damage.
    """
    try:
        manifest = read_object(path / MANIFEST)
    except UnreadableFile as error:
        raise ValueError(f"{MANIFEST} {error}") from None
    kinds = {"step": int, "seconds": float, "curve": list, "resumed": list, "training": dict,
             "files": dict}  # fmt: skip
    for name, kind in kinds.items():
        if not isinstance(manifest.get(name), kind):
            raise ValueError(f"{MANIFEST} has no {name}")
    found = {str(p.relative_to(path)) for p in _files(path)} - {MANIFEST}
    for name, digest in manifest["files"].items():
        if name not in found:
            raise ValueError(f"{name} is missing")
        if sha256_of_file(path / name) != digest:
            raise ValueError(f"{name} is not what was written")
    if foreign := sorted(found - manifest["files"].keys()):
        raise ValueError(f"{foreign[0]} does not belong to it")
    return manifest


def _entries(folder: Path) -> Iterator[Path]:
    yield from folder.iterdir() if folder.is_dir() else ()


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file())


def _sync(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
