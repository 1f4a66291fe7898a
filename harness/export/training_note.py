"""What our trainer noted of an adapter that whoever merges it should know.

Reads ``training.json``; adapters of other trainers have none, and nothing is said of them.
"""

import json
from pathlib import Path
from typing import Any

NOTE = "training.json"


def training_warnings(adapter: Path, base_sha256: str) -> tuple[str, ...]:
    """A line each: trained over a quantised base, trained over other weights.

    Args:
        base_sha256: fingerprint of the base that the adapter is put over.
    """
    note = _note(adapter / NOTE)
    warnings: list[str] = []
    quantized = _of(note, "recipe").get("quantize")
    if isinstance(quantized, str) and quantized != "none":
        warnings.append(
            f"the adapter was trained over the base in {quantized}, it is put over the base as "
            "stored: answers differ a little from those in training"
        )
    trained = _of(note, "base").get("weights_sha256")
    if isinstance(trained, str) and trained != base_sha256:
        warnings.append(
            f"the adapter was trained over other weights ({trained[:12]}...) than this base's "
            f"({base_sha256[:12]}...): judge the result before you ship it"
        )
    return tuple(warnings)


def _note(file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}


def _of(note: Any, name: str) -> dict[str, Any]:
    value = note.get(name) if isinstance(note, dict) else None
    return value if isinstance(value, dict) else {}
