"""Runs the commands of a round, each in a process of its own: the suites, and a training.

They are the commands that a user types; a log of each lies in the round's folder.
"""

import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from harness.core.errors import HarnessError
from harness.core.record import RunRecord
from harness.records.runs import new_run_id, read_run

JUDGED = (0, 1)
"""Exit codes of pytest where every behavior was judged: all budgets are met, or some are not."""
LAST_LINES = 3


class Commands(Protocol):
    """Judges models and trains adapters; a test has one that does neither."""

    def judge(self, model: str, log: Path, *options: str) -> RunRecord:
        """The run of the task's suites over a model.

        Raises:
            HarnessError: it did not end, or the model did not open.
        """
        ...

    def train(self, recipe: Path) -> None:
        """Train the adapter of a recipe, from its newest checkpoint if there is one.

        Raises:
            HarnessError: there is no adapter at its end.
        """
        ...

    def read(self, run: str) -> RunRecord:
        """A run that was judged before."""
        ...


@dataclass(frozen=True, slots=True)
class Processes:
    """The commands as processes of this project."""

    suites: tuple[str, ...]
    task: str
    report_dir: Path
    say: Callable[[str], None]

    def judge(self, model: str, log: Path, *options: str) -> RunRecord:
        run = new_run_id(datetime.now(UTC))
        own = {"model": model, "task": self.task, "report-dir": self.report_dir, "run-id": run}
        asked = [text for name, value in own.items() for text in (f"--harness-{name}", str(value))]
        arguments = (*self.suites, *asked, *options)
        quiet = ("-p", "harness.pytest_plugin", "-q", "--tb=no", "--no-header", "--no-summary")
        self.say(f"pytest {shlex.join(arguments)}")
        with log.open("wb") as file:
            command = (sys.executable, "-m", "pytest", *arguments, *quiet)
            done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT)
        if done.returncode not in JUDGED:
            raise HarnessError(f"{log}: pytest ended with {done.returncode}: {_end_of(log)}")
        record = self.read(run)
        if error := next((m.error for m in record.models if m.error), None):
            raise HarnessError(f"{model}: {error}")
        return record

    def train(self, recipe: Path) -> None:
        self.say(f"harness train {recipe}")
        command = (sys.executable, "-m", "harness", "train", str(recipe), "--resume")
        done = subprocess.run(command)
        if done.returncode:
            raise HarnessError(f"{recipe}: the training ended with {done.returncode}, see above")

    def read(self, run: str) -> RunRecord:
        return read_run(self.report_dir / run)


def _end_of(log: Path) -> str:
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines()]
    return " / ".join(_told(lines)) or "it said nothing"


def _told(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if line][-LAST_LINES:]
