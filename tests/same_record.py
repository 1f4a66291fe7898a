"""Compares whole records: two runs of the same plan differ in ids, times, memory and load alone."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

RUN = ("id", "created", "seconds", "load", "command", "shards")
"""``command`` says how the run was asked for: with or without ``-n``, as a shard, under an id;
``shards`` are the runs that were merged."""
MODEL = ("load_seconds", "generate_seconds", "peak_memory_mb", "attempt")
COMPLETION = ("timing", "origin")
"""``origin`` is the id and the time of another run."""
TIMED = ("seconds", "first_token_seconds", "after_seconds")
MEASURED = ("mean_seconds", "p50_seconds", "p95_seconds", "first_token_seconds", "peak_memory_mb")
RESULT = ("met", "passed", "failed", "codes", "reason")
"""Follow from a time or from memory where a behavior measures one."""


def comparable(folder: Path) -> dict[str, Any]:
    """The record in ``folder`` as JSON values, with its samples in their order."""
    run = json.loads((folder / "run.json").read_text("utf-8"))
    lines = (folder / "samples.jsonl").read_text("utf-8").splitlines()
    return {
        **_without(RUN, run),
        "models": [_without(MODEL, model) for model in run["models"]],
        "results": [*map(_result, run["results"])],
        "timed": [_without(TIMED, answer) for answer in run["timed"]],
        "counterexamples": [
            {**found, "sample": _sample(found["sample"])} for found in run["counterexamples"]
        ],
        "samples": [_sample(json.loads(line)) for line in lines],
    }


def comparable_runs(root: Path) -> list[dict[str, Any]]:
    """All records under a project's ``reports/runs``, oldest first."""
    folders = [path.parent for path in (root / "reports/runs").glob("*/run.json")]
    return [*map(comparable, sorted(folders, key=_created))]


def _created(folder: Path) -> str:
    created: str = json.loads((folder / "run.json").read_text("utf-8"))["created"]
    return created


def _sample(sample: Mapping[str, Any]) -> dict[str, Any]:
    return {**sample, "completion": _without(COMPLETION, sample["completion"])}


def _result(result: Mapping[str, Any]) -> dict[str, Any]:
    measured: Mapping[str, float] = result["measured"]
    if not measured.keys() & {*MEASURED}:
        return dict(result)
    return {**_without(RESULT, result), "measured": [*measured]}


def _without(names: Iterable[str], value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: inner for key, inner in value.items() if key not in names}
