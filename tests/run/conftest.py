"""A task of four cases, and two models that a fake host answers for."""

from pathlib import Path

import pytest

from harness.core.modelref import ModelRef
from harness.run.plan import PlannedTest
from harness.run.selection import Subject
from harness.tasks.task import Task, load_task
from tests.project import Project

BASE, ADAPTER = ModelRef("base", "b"), ModelRef("adapter", "a")


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """``echo``, of the cases ant, bee, cat and dog, of which two are timed."""
    project = Project(tmp_path)
    file = project.root / "tasks/echo/task.yaml"
    text = file.read_text() + "latency_cases: 2\n"
    file.write_text(text.replace("{json_validity: 0.75,", "{json_validity: 0.75, is_x: 0.5,"))
    return load_task(file.parent)


@pytest.fixture
def base(task: Task) -> Subject:
    return Subject(BASE, task)


@pytest.fixture
def adapter(task: Task) -> Subject:
    return Subject(ADAPTER, task)


def timed(*subjects: Subject) -> list[PlannedTest]:
    return [PlannedTest(subject, is_timed=True) for subject in subjects]
