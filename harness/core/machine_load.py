"""The load of the machine around a run: times that were taken on a busy one mean little."""

from dataclasses import dataclass

BUSY_LOAD = 1.5
"""Load for each core from which a machine is busy, beside one more: a run that uses every core
makes a load of one for each."""


@dataclass(frozen=True, slots=True)
class MachineLoad:
    """The machine's load average over a minute, before and during a run."""

    cores: int
    """Logical cores of the machine."""
    before: float | None
    """When the run began; ``None`` where it is not known."""
    highest: float | None
    """The highest during the run."""
    note: str = ""
    """One line where other programs took so much that times say little: ``2 cores, load 13: times
    mean little``."""

    @classmethod
    def of(cls, cores: int, before: float | None, highest: float | None) -> "MachineLoad":
        """Build with the note, where there is a reason for one."""
        most = max((load for load in (before, highest) if load is not None), default=0.0)
        is_busy = most > BUSY_LOAD * cores + 1
        counted = f"{cores} cores" if cores > 1 else "1 core"
        note = f"{counted}, load {most:.0f}: times mean little" if is_busy else ""
        return cls(cores, before, highest, note)
