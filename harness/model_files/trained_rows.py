"""Finds the sketch of the rows that a model was trained on: an adapter's own, or the copy that lies
beside what was exported of the adapter.

A sketch is believed only where the record beside it names these weights by their hash: a folder
that was trained again, or a file that was replaced, tells of other weights.
"""

from collections.abc import Mapping
from pathlib import Path

from harness.files.staging import RECORD_FILE, record_of
from harness.files.strict_json import UnreadableFile, read_object
from harness.model_files.training_record import describes
from harness.model_files.training_sketch import FILE

WEIGHTS = (".safetensors", ".gguf")


def sketch_place(model: Path) -> Path:
    """The place of a model's sketch: in its folder, or beside its file."""
    return model / FILE if model.is_dir() else model.with_name(f"{model.name}.{FILE}")


def own_sketch(model: Path, files: Mapping[str, str]) -> Path | None:
    """The sketch of the rows that these weights were trained on; ``None`` where there is none.

    Args:
        model: folder of an adapter or a merged model, or a GGUF file.
        files: SHA-256 by name of the model's files.
    """
    path = sketch_place(model)
    if path.is_file() and (describes(model, files) or _is_exported(model, files)):
        return path
    return None


def _is_exported(model: Path, files: Mapping[str, str]) -> bool:
    """The record of an export names all weights that it wrote by the hashes that they have."""
    try:
        outputs = read_object(model / RECORD_FILE if model.is_dir() else record_of(model))[
            "outputs"
        ]
        written = {n: out["sha256"] for n, out in outputs.items() if n.endswith(WEIGHTS)}
    except (UnreadableFile, LookupError, TypeError, AttributeError):
        return False
    return bool(written) and all(files.get(name) == sha256 for name, sha256 in written.items())
