"""Runs a user's own suites over the references of a task, as pytest runs them over a model.

The references become a stored run in a temporary folder, and ``record:`` replays it: marks,
parameters and fixtures of the suites mean what they always mean.
"""

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from harness.core import child_python
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.record import ModelRecord, RunRecord, Sample
from harness.records.runs import read_run, run_ids, write_run
from harness.tasks.task import Task

MODEL = "record:references"
MAX_SECONDS = 600
"""The most time that the suites may take over the references."""
_PYTEST = ("pytest", "-p", "harness.pytest_plugin", "-p", "no:cacheprovider", "-q")


def judge_with_suites(
    task: Task, perfect: Sequence[tuple[Case, Completion]], suites: Path
) -> RunRecord:
    """The record of the suites' session over the references.

    Raises:
        HarnessError: the suites cannot be run; the message has pytest's own words.
    """
    with tempfile.TemporaryDirectory(prefix="harness-") as folder:
        root = Path(folder)
        stored = write_run(_references(task, perfect), root / "stored")
        task_options = ("--tasks-dir", str(task.path.resolve().parent), "--task", task.name)
        options = ("--model", f"record:{stored}", "--report-dir", str(root / "runs"))
        problem = _run_pytest(str(suites), *task_options, *options)
        runs = run_ids(root / "runs")
        if not runs:
            raise HarnessError(f"{suites}: cannot be run over the references: {problem}")
        return read_run(root / "runs" / runs[-1])


def _run_pytest(*arguments: str) -> str:
    """Run pytest over the suites; returns the first line of what went wrong, if something did."""
    try:
        done = subprocess.run(
            child_python.command(*_PYTEST, *arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=MAX_SECONDS,
            env=child_python.environment({**os.environ, "NO_COLOR": "1"}),
        )
    except subprocess.TimeoutExpired:
        return f"pytest took more than {MAX_SECONDS} s"
    lines = (done.stderr + done.stdout).splitlines()
    faults = [line for line in lines if line.startswith(("E ", "ERROR"))]
    return " ".join((faults or ["no behavior applies"])[0].split())


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
