"""Counts the earlier runs of the same weights with the same plan.

Repeating a run until it passes is optional stopping: of twenty runs of a model that is no better,
one passes by chance. The count does not correct for that, but it shows it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.core.record import RunRecord
from harness.files.strict_json import NotJson, decode
from harness.records.runs import record_file

MAX_RUNS = 1000
"""Number of latest runs that are read."""
MAX_BYTES = 4_000_000
"""Size from which a ``run.json`` is skipped: counting must take next to no time."""


def with_attempts(record: RunRecord, root: Path) -> RunRecord:
    """The record with each model's attempt number among the runs under ``root``."""
    earlier = Counter(_weights_of(record, root))
    models = tuple(
        replace(m, attempt=1 + earlier[w] if (w := m.weights_sha256) and m.is_measurable else None)
        for m in record.models
    )
    return replace(record, models=models)


def _weights_of(record: RunRecord, root: Path) -> Iterator[str]:
    """The weights of each model of each earlier run with the record's plan."""
    names = sorted(p.name for p in root.iterdir()) if root.is_dir() else []
    for name in [n for n in names if n != record.id][-MAX_RUNS:]:
        head = _head(record_file(root / name), record.plan_fingerprint)
        if head.get("id") != name:
            continue  # A copy of a run is no further attempt.
        models = head.get("models")
        for model in models if isinstance(models, list) else ():
            if isinstance(model, dict) and model.get("is_measurable", True):
                weights = model.get("weights_sha256")
                if isinstance(weights, str):
                    yield weights


def _head(file: Path, fingerprint: str) -> Mapping[str, Any]:
    """The unchecked values of a ``run.json`` of the same plan; empty for any other file."""
    try:
        if file.stat().st_size > MAX_BYTES:
            return {}
        text = file.read_bytes()
        head = decode(text) if fingerprint.encode() in text else None
    except (OSError, NotJson):
        return {}
    if isinstance(head, dict) and head.get("plan_fingerprint") == fingerprint:
        return head
    return {}
