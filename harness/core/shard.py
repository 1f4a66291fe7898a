"""A run that is divided: the part that one session answers, and the parts that were merged."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.core.case import JsonValue


@dataclass(frozen=True, slots=True)
class Shard:
    """The part of a run's cases that one session answers, of ``pytest --shard INDEX/COUNT``."""

    index: int
    """From 1."""
    count: int
    plan_fingerprint: str = ""
    """Of the plan that was divided; ``RunRecord.plan_fingerprint`` is that of the part."""
    suites_sha256: str = ""
    """Hash over the files of all collected behaviors."""

    def __str__(self) -> str:
        return f"shard {self.index}/{self.count}"


@dataclass(frozen=True, slots=True)
class MergedShard:
    """A run that became a part of a merged one."""

    run: str
    """Its id."""
    created: str
    """UTC, RFC 3339."""
    seconds: float
    cpu: Mapping[str, JsonValue] = field(default_factory=dict)
    """The processor of its machine, as the run's environment has it."""
    devices: tuple[str, ...] = ()
    """Devices of its models, in their order; empty for those that are not known."""
