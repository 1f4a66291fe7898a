"""The anchor of a baseline: a second record that stays where it is when the baseline moves.

It is a file like the baseline's own, beside it: ``main.anchor.json``.
"""

from pathlib import Path
from typing import Any

from harness.core.record import RunRecord
from harness.files.atomic import write_whole
from harness.records.baselines import (
    SUFFIX,
    Baseline,
    anchor_file,
    read_baseline,
    require_name,
    save_baseline,
)


def save_and_keep_anchor(name: str, record: RunRecord, root: Path, **choices: Any) -> Path:
    """Write a baseline as ``save_baseline`` does. The first one of its name is its anchor too; so
    is one that was saved without an anchor, on the same plan."""
    old = root / f"{name}{SUFFIX}"
    if old.is_file() and record.plan_fingerprint.encode() in old.read_bytes():
        keep_anchor(name, root)
    path = save_baseline(name, record, root, **choices)
    keep_anchor(name, root)
    return path


def keep_anchor(name: str, root: Path, *, is_moved: bool = False) -> Path:
    """Make the baseline of a name its anchor, where it has none yet or ``is_moved``."""
    file, anchor = root / f"{name}{SUFFIX}", anchor_file(name, root)
    if file.is_file() and (is_moved or not anchor.is_file()):
        write_whole(anchor, [file.read_text("utf-8")])
    return anchor


def read_anchor(name: str, root: Path) -> Baseline | None:
    """The anchor of a baseline; ``None`` where it has none.

    Raises:
        HarnessError: the file is damaged, or is that of another baseline.
    """
    path = anchor_file(name, root)
    if not path.is_file():
        return None
    found = read_baseline(path)
    require_name(found, name, path, f"harness baseline anchor {name}")
    return found
