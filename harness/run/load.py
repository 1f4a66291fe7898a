"""Watches the machine's load average during a run."""

from collections.abc import Callable

from harness.core.machine_load import MachineLoad
from harness.engine.events import Event
from harness.machine.load import cores, load_average


class LoadWatch:
    """Keeps the highest load average among those at the events of a run's models."""

    def __init__(
        self, before: float | None, read: Callable[[], float | None] = load_average
    ) -> None:
        self.before = before
        self.highest: float | None = None
        self._read = read

    def take(self, event: Event) -> None:
        self.look()

    def look(self) -> None:
        found = [v for v in (self.highest, self._read()) if v is not None]
        self.highest = max(found, default=None)

    def result(self) -> MachineLoad:
        """The load so far."""
        self.look()
        return MachineLoad.of(cores(), self.before, self.highest)
