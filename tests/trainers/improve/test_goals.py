"""Goals are typed as rates, or are the task's budgets."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.tasks.task import load_task
from trainers.improve.goals import goals_of


def test_the_tasks_budgets_of_behaviors_are_the_goals(project: Path) -> None:
    task = load_task(project / "tasks/echo")
    assert goals_of(task, ()) == {"json_validity": 0.9, "exact_fields": 0.8}
    with pytest.raises(HarnessError, match="has no budget of a behavior, say --until"):
        goals_of(replace(task, budgets={}), ())


def test_typed_goals(project: Path) -> None:
    task = load_task(project / "tasks/echo")
    assert goals_of(task, ["format_success_rate=0.97"]) == {"format_success_rate": 0.97}


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("json_validty=0.9", "the task does not judge 'json_validty', did you mean"),
        ("latency_p95_seconds=0.9", "the task does not judge 'latency_p95_seconds'"),
        ("json_validity", "expected NAME=RATE, such as json_validity=0.97"),
        ("json_validity=nan", "expected NAME=RATE"),
        ("json_validity=95", "expected NAME=RATE"),
    ],
)
def test_wrong_goals(project: Path, typed: str, message: str) -> None:
    with pytest.raises(HarnessError, match=re.escape(f"--until {typed}: {message}")):
        goals_of(load_task(project / "tasks/echo"), [typed])
