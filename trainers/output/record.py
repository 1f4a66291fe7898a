"""``training.json``: how an adapter came to be, beside it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.core.case import JsonValue
from harness.model_files.training_record import FILE

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a training."""

    steps: int
    epochs: float
    seconds: float
    """Wall time of the training loop, evaluations included."""
    first_loss: float
    """Loss of the first step, before any update."""
    last_loss: float
    """Mean loss over the steps since the last point of the curve."""
    eval_loss: float | None
    behaviors: Mapping[str, Any] | None
    """Those of the last evaluation with a task, or of the one whose adapter is kept; see
    ``trainers.run.curve.CurvePoint``."""
    kept: Mapping[str, Any] | None
    """Where the recipe says ``select``: the ``step`` of the adapter, ``by`` what it was chosen, why
    in words, and the ``evaluations``."""
    peak_memory_mb: float
    """Peak memory of the process in MB of 10^6 bytes, the largest of several; on a GPU, of torch's
    allocator."""
    adapter_sha256: str
    """SHA-256 of ``adapter_model.safetensors``."""


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """The content of ``training.json``."""

    created: str
    """UTC, RFC 3339."""
    method: str
    recipe: Mapping[str, Any]
    """As resolved: defaults and overrides filled in."""
    recipe_file: str
    recipe_sha256: str
    overrides: tuple[str, ...]
    base: Mapping[str, Any]
    """Name as typed, weights' hash, type and device: see ``trainers.run.job.BaseInfo``."""
    data: Mapping[str, Any]
    """``train`` and ``val``: files with hash and rows, rows used, rows too long, tokens."""
    max_length: int
    target_modules: tuple[str, ...]
    trainable_parameters: int
    adapter_dtype: str
    """In which the trained weights were held and stepped."""
    processes: int
    """Of the training, each with batches of its own; see ``trainers.run.shares``."""
    curve: tuple[Mapping[str, Any], ...]
    """See ``trainers.run.curve.CurvePoint``; a value that was not measured is absent."""
    resumed: tuple[int, ...]
    """Steps from which the training went on after it had been interrupted."""
    result: Result
    notes: tuple[str, ...]
    """Deviations from the recipe, each with its reason."""
    warnings: tuple[str, ...]
    """Warnings of the libraries."""
    environment: Mapping[str, JsonValue]
    """See ``harness.machine.environment``."""
    schema_version: int = SCHEMA_VERSION


def write(record: TrainingRecord, folder: Path) -> None:
    values = {"schema_version": record.schema_version, **asdict(record)}
    text = json.dumps(values, indent=1, allow_nan=False, ensure_ascii=False)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
