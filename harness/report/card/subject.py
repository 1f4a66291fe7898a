"""The facts that a model card is written from: an adapter's files, its training, a run of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.record import BehaviorResult, ModelRecord, RunRecord
from harness.gate.compare import Side
from harness.gate.decision import GateDecision
from harness.model_files.adapter_records import read_records
from harness.model_files.folders import ADAPTER_WEIGHTS
from harness.model_files.hub import is_hub_id


@dataclass(frozen=True, slots=True)
class Subject:
    """An adapter, and everything that is recorded of it."""

    name: str
    config: Mapping[str, Any]
    """``adapter_config.json``."""
    sha256: str
    """Of the adapter's weights."""
    size_bytes: int
    training: Mapping[str, Any] = field(default_factory=dict)
    """``training.json``; empty where there is none."""
    side: Side | None = None
    """The adapter in the run whose numbers the card tells."""
    decision: GateDecision | None = None
    base_id: str | None = None
    """The base's name on the Hub, where it is known."""
    license: str | None = None
    """As the user said; nothing here knows it."""

    def trained(self, *keys: str) -> Any:
        """A value of ``training.json``; ``None`` where it is missing."""
        return value_at(self.training, *keys)

    @property
    def results(self) -> tuple[BehaviorResult, ...]:
        """The run's results of this adapter."""
        if self.side is None:
            return ()
        return tuple(r for r in self.side.record.results if r.model == self.side.model)


def value_at(values: Any, *keys: str) -> Any:
    """The value under these names, one in the other; ``None`` where there is none."""
    for key in keys:
        values = values.get(key) if isinstance(values, dict) else None
    return values


def subject_of(folder: Path, *, base_id: str | None, license_: str | None) -> Subject:
    """The adapter in a folder.

    Args:
        base_id: the base's name on the Hub, where the adapter names a folder.
        license_: as the user says.

    Raises:
        HarnessError: it is no adapter, or its ``training.json`` tells of other weights.
    """
    found = read_records(folder)
    named = base_id or found.config.get("base_model_name_or_path")
    is_named = base_id is not None or (isinstance(named, str) and is_hub_id(named))
    return Subject(
        folder.resolve().name,
        found.config,
        found.sha256,
        found.size_bytes,
        found.training,
        base_id=str(named) if is_named else None,
        license=license_,
    )


def side_in(subject: Subject, run: RunRecord, where: str) -> Side:
    """The adapter in a run, which knows models by the hashes of their files.

    Args:
        where: the option that named the run.

    Raises:
        HarnessError: the run judged other models.
    """
    for model in run.models:
        if is_of(subject, model):
            return Side(run, model.ref)
    others = ", ".join(model.ref for model in run.models)
    raise HarnessError(
        f"{where}: run {run.id} judged {others}, none with these weights ({subject.sha256[:12]}): "
        "judge the adapter, pytest suites/ --model adapter:..."
    )


def is_of(subject: Subject, model: ModelRecord) -> bool:
    """The run's model has the adapter's weights."""
    return model.files.get(ADAPTER_WEIGHTS) == subject.sha256
