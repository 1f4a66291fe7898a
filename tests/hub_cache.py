"""A cache of the Hugging Face hub, made up in the layout of its client.

``models--OWNER--NAME/`` holds ``blobs/`` by content, ``refs/`` from a branch or tag to its commit,
and ``snapshots/COMMIT/``, whose files are links to blobs.
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def cached(
    home: Path,
    name: str,
    files: Path | Mapping[str, bytes],
    *,
    commit: str = COMMIT,
    revision: str = "main",
) -> Path:
    """Put a repository into the cache under ``home``, which is ``HF_HOME``; returns the snapshot's
    folder."""
    root = home / "hub" / f"models--{name.replace('/', '--')}"
    snapshot = root / "snapshots" / commit
    for folder in (root / "blobs", (root / "refs" / revision).parent, snapshot):
        folder.mkdir(parents=True, exist_ok=True)
    (root / "refs" / revision).write_text(commit)
    for file, content in _contents(files).items():
        blob = root / "blobs" / hashlib.sha256(content).hexdigest()
        blob.write_bytes(content)
        (snapshot / file).symlink_to(os.path.relpath(blob, snapshot))
    return snapshot


def _contents(files: Path | Mapping[str, bytes]) -> Mapping[str, bytes]:
    if isinstance(files, Path):
        return {path.name: path.read_bytes() for path in files.iterdir() if path.is_file()}
    return files
