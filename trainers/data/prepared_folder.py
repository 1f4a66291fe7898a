"""Writes prepared rows as a folder: it appears complete, or not at all."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.files.atomic import publish_folder
from harness.files.staging import folder_mistake, staged
from trainers.data.prepare import Prepared
from trainers.data.row_text import characters, plain_value
from trainers.data.splits import SPLITS

METADATA = "metadata.json"
REJECTED = "rejected.jsonl"
FLAGGED = "flagged.jsonl"
SCHEMA_VERSION = 1


def check_folder(target: Path, inputs: Iterable[Path], overwrite: bool) -> None:
    """Raise a HarnessError unless prepared rows can be put at ``target``."""
    if wrong := folder_mistake(target, tuple(inputs)):
        raise HarnessError(f"-o {target}: {wrong}")
    if not target.is_dir() or not any(target.iterdir()):
        return
    if not (target / METADATA).is_file():
        raise HarnessError(f"-o {target}: holds files that were not prepared, name another folder")
    if not overwrite:
        raise HarnessError(f"-o {target}: holds prepared rows already, add --overwrite")


def write(prepared: Prepared, target: Path) -> None:
    """Write the folder ``target``; the bytes depend on the rows alone.

    Raises:
        HarnessError: the disk is full or may not be written.
    """
    with staged(target) as staging:
        folder = staging.path("folder")
        folder.mkdir(parents=True)
        for split in SPLITS:
            rows = ({**plain_value(r), "source": r.where} for r in prepared.splits[split])
            _write_lines(folder / f"{split}.jsonl", rows)
        rejected = (
            {"where": r.where, "reason": r.reason, "row": r.value} for r in prepared.rejected
        )
        _write_lines(folder / REJECTED, rejected)
        if prepared.findings:
            _write_lines(folder / FLAGGED, map(asdict, prepared.findings))
        text = json.dumps(metadata(prepared), indent=2, ensure_ascii=False)
        (folder / METADATA).write_text(f"{text}\n", "utf-8")
        publish_folder(folder, target, staging.path("previous"))


def metadata(prepared: Prepared) -> dict[str, Any]:
    """The numbers of ``metadata.json``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "files": [asdict(file) for file in prepared.files],
        "shares": asdict(prepared.shares),
        "rows": {split: len(prepared.splits[split]) for split in SPLITS},
        "left_out": sum(not row.is_mistake for row in prepared.refused),
        "mistakes": sum(row.is_mistake for row in prepared.refused),
        "duplicates": len(prepared.duplicates),
        "near_duplicates": len(prepared.near),
        "dropped_as_sensitive": len(prepared.sensitive),
        "flagged": {kind: count for (_, kind), count in sorted(prepared.kinds.items())},
        "ambiguous": prepared.ambiguous,
        "characters": characters([r for name in SPLITS for r in prepared.splits[name]]),
    }


def _write_lines(path: Path, values: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="ascii") as file:
        file.writelines(json.dumps(value) + "\n" for value in values)
