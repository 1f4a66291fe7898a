"""Numbers about a task that were measured elsewhere, as the task states them."""

from harness.core.record import TaskRecord
from harness.report.words import numbers as words


def stated_line(task: TaskRecord) -> str:
    """``stated by the team's script: format_success_rate 98.7%, latency mean 20.1 s (measured
    elsewhere: nothing is decided by them)``; empty where the task states none."""
    if not task.stated:
        return ""
    told = ", ".join(_told(name, value) for name, value in task.stated.items())
    return f"stated by {task.stated_by}: {told} (measured elsewhere: nothing is decided by them)"


def _told(name: str, value: float) -> str:
    if not words.unit(name):
        return f"{name} {words.percent(value)}"
    return f"{words.label(name)} {words.quantity(name, value)}"
