"""Finds the other runs of the same weights with the same plan, and counts those before.

Repeating a run until it passes is optional stopping: of twenty runs of a model that is no better,
one passes by chance. The count does not correct for that, but it shows it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.record import ModelRecord, RunRecord
from harness.files.regular import read_regular
from harness.files.strict_json import NotJson, decode
from harness.records.ledger import Ledger
from harness.records.runs import record_file

MAX_RUNS = 1000
"""Number of latest runs that are read."""
MAX_BYTES = 4_000_000
"""Size from which a ``run.json`` is skipped: counting must take next to no time."""
REMOVED = "a run that has been removed"


def with_attempts(record: RunRecord, root: Path) -> RunRecord:
    """The record with each model's attempt number among the runs under ``root``."""
    earlier = Counter(w for run in runs_of_plan(record, root) for w in run.weights)
    models = tuple(
        replace(m, attempt=1 + earlier[w] if (w := m.weights_sha256) and m.is_measurable else None)
        for m in record.models
    )
    return replace(record, models=models)


@dataclass(frozen=True, slots=True)
class RunOfPlan:
    """A run of the same plan, as far as attempts are concerned."""

    id: str
    created: str
    is_complete: bool
    weights: tuple[str, ...]
    """Hashes of the weights of each measured model."""


def runs_of_plan(record: RunRecord, root: Path) -> Iterator[RunOfPlan]:
    """The other runs of the record's plan under ``root``, by name."""
    names = sorted(p.name for p in root.iterdir()) if root.is_dir() else []
    for name in [n for n in names if n != record.id][-MAX_RUNS:]:
        head = _head(record_file(root / name), record.plan_fingerprint)
        if head.get("id") != name:
            continue  # A copy of a run is no further attempt.
        created, weights = head.get("created"), tuple(_weights_of(head))
        if isinstance(created, str):
            yield RunOfPlan(name, created, head.get("status") == "complete", weights)


def run_before(record: RunRecord, refs: Sequence[str], root: Path, ledger: Ledger) -> str:
    """The first run of the same weights on the same plan; empty where the record is it.

    A run before is complete and in the folder of runs, or was gated; or it was counted when the
    record was made, and has gone since: ``a run that has been removed``. A record with several
    models is the first where one of them has not been run before.
    """
    models = [m for m in record.models if m.ref in refs and m.is_measurable and m.weights_sha256]
    runs = sorted(runs_of_plan(record, root), key=lambda run: run.created)
    firsts = [_first_of(model, record, runs, ledger) for model in models]
    return firsts[-1] if firsts and all(firsts) else ""


def _first_of(
    model: ModelRecord, record: RunRecord, runs: Sequence[RunOfPlan], ledger: Ledger
) -> str:
    weights = str(model.weights_sha256)
    own = [run for run in runs if weights in run.weights and run.created < record.created]
    gated = ledger.runs_of(weights, record.plan_fingerprint, record.created)
    known = [*(run.id for run in own if run.is_complete), *(i for i in gated if i != record.id)]
    if known:
        return known[0]
    return REMOVED if (model.attempt or 1) - 1 > len(own) else ""


def runs_again(record: RunRecord, refs: Sequence[str], root: Path) -> list[str]:
    """The complete runs of all the same weights on the same plan, the next one first."""
    wanted = {m.weights_sha256 for m in record.models if m.ref in refs and m.is_measurable}
    if not wanted or None in wanted:
        return []
    runs = sorted(
        runs_of_plan(record, root), key=lambda run: (run.created < record.created, run.created)
    )
    return [r.id for r in runs if r.is_complete and wanted <= {*r.weights}]


def _weights_of(head: Mapping[str, Any]) -> Iterator[str]:
    models = head.get("models")
    for model in models if isinstance(models, list) else ():
        if isinstance(model, dict) and model.get("is_measurable", True):
            weights = model.get("weights_sha256")
            if isinstance(weights, str):
                yield weights


def _head(file: Path, fingerprint: str) -> Mapping[str, Any]:
    """The unchecked values of a ``run.json`` of the same plan; empty for any other file."""
    try:
        text = read_regular(file, MAX_BYTES)
        head = decode(text) if fingerprint.encode() in text else None
    except (OSError, HarnessError, NotJson):
        return {}
    if isinstance(head, dict) and head.get("plan_fingerprint") == fingerprint:
        return head
    return {}
