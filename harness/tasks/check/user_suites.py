"""Runs a user's own suites over the references of a task, as pytest runs them over a model.

The references become a stored run in a temporary folder, and ``record:`` replays it: marks,
parameters and fixtures of the suites mean what they always mean.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.core import child_python
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.record import ModelRecord, RunRecord, Sample
from harness.records.runs import read_run, run_ids, write_run
from harness.tasks.task import Task

MODEL = "record:references"
MAX_SECONDS = 600
"""The most time that the suites may take over the references."""
CRASHES_OPTION = "--crashes-to"
"""Option of ``harness.plugin.crashes``."""
_PYTEST = ("pytest", "-p", "harness.pytest_plugin", "-p", "harness.plugin.crashes")
_QUIETLY = ("-p", "no:cacheprovider", "-q")
_ALL_DESELECTED = 5
"""pytest's exit code where nothing of what it collected applies."""
_FINISHED = (0, 1, _ALL_DESELECTED)
"""pytest's exit codes where every test was run."""


@dataclass(frozen=True, slots=True)
class Crash:
    """A test that failed otherwise than by a verdict: it says nothing about an answer."""

    behavior: str
    place: str
    """``file:line`` in the user's suites."""
    error: str
    """The exception's type and the first line of its message."""
    case_id: str
    """The case whose answer was being judged; empty where it was none."""


@dataclass(frozen=True, slots=True)
class SuitesRun:
    """The session of a user's suites over the references."""

    record: RunRecord | None
    """``None`` where no behavior was judged."""
    crashes: tuple[Crash, ...] = ()
    problem: str = ""
    """Why not every test was run; empty where all were."""


def judge_with_suites(
    task: Task, perfect: Sequence[tuple[Case, Completion]], suites: Path
) -> SuitesRun:
    """Run pytest over the suites, and read what it left."""
    with tempfile.TemporaryDirectory(prefix="harness-") as folder:
        root = Path(folder)
        stored = write_run(_references(task, perfect), root / "stored")
        tasks_dir = str(task.path.resolve().parent)
        task_options = ("--harness-tasks-dir", tasks_dir, "--harness-task", task.name)
        places = ("--harness-report-dir", str(root / "runs"), CRASHES_OPTION, str(root / "crashes"))
        options = ("--harness-model", f"record:{stored}", *places)
        problem = _run_pytest(str(suites), *task_options, *options)
        runs = run_ids(root / "runs")
        record = read_run(root / "runs" / runs[-1]) if runs else None
        has_ended = (root / "crashes").exists()
        if not has_ended or (record and record.status == "partial"):
            problem = problem or "pytest ended before it had judged every behavior"
        return SuitesRun(record, tuple(_crashes(root / "crashes")), problem)


def _crashes(path: Path) -> Iterator[Crash]:
    found = json.loads(path.read_text("utf-8")) if path.exists() else []
    yield from (Crash(**crash) for crash in found)


def _run_pytest(*arguments: str) -> str:
    """Run pytest over the suites; returns why it did not run every test, or nothing."""
    try:
        done = subprocess.run(
            child_python.command(*_PYTEST, *_QUIETLY, *arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=MAX_SECONDS,
            env=child_python.environment({**os.environ, "NO_COLOR": "1"}),
        )
    except subprocess.TimeoutExpired:
        return f"pytest took more than {MAX_SECONDS} s"
    if done.returncode in _FINISHED:
        return ""
    lines = (done.stderr + done.stdout).splitlines()
    faults = [line for line in lines if line.startswith(("E ", "ERROR", "INTERNALERROR", "!!!"))]
    first = " ".join((faults or ["it says nothing"])[0].strip("! ").split())
    return first if done.returncode > 0 else f"pytest was killed by signal {-done.returncode}"


def _references(task: Task, perfect: Sequence[tuple[Case, Completion]]) -> RunRecord:
    answers = {case.id: (case, completion) for case, completion in perfect}
    samples = tuple(
        Sample.of(MODEL, request, *answers[request.case_id], {}, is_drawn=False)
        for request in task.requests()
        if request.case_id in answers
    )
    return RunRecord(
        id="references",
        status="complete",
        created="",
        seconds=0.0,
        plan_fingerprint="",
        models=(ModelRecord(MODEL, "record", "references"),),
        tasks=(task.record(len(task.cases)),),
        samples=samples,
    )
