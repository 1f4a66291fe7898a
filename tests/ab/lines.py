"""Entries of an A/B log, made up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from harness.ab.entry import LogEntry
from harness.core.verdict import FailureCode, Outcome, Verdict

START = datetime(2026, 11, 20, tzinfo=UTC)
FAILED = Verdict(Outcome.FAILED, FailureCode.SYNTAX)


def entry(number=0, arm="baseline", passed=True, *, hours=0.0, key=None, **more) -> LogEntry:
    """An answer to the task, judged by one behavior."""
    time = START + timedelta(hours=hours, milliseconds=number)
    made = LogEntry(
        time=f"{time:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
        id=f"id-{number}",
        experiment="ab",
        split=50.0,
        arm=arm,
        model=f"base:{arm}",
        weights=arm[0] * 64,
        identity="same",
        key=key,
        status=200 if passed else 422,
        seconds=0.2,
        task="json_extraction",
        task_sha256="task",
        required=("json_validity",),
        finish_reason="stop",
        verdicts={"json_validity": Verdict.passed() if passed else FAILED},
    )
    return replace(made, **more)
