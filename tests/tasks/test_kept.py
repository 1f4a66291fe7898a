"""Kept skills are found by name, beside a project's own tasks, and are not written into."""

import pytest

from harness.core.errors import HarnessError
from harness.tasks.kept import kept_folders, require_own, task_folder
from harness.tasks.task import find_task, find_tasks
from tests.project import Project

NAMES = ["kept_format", "kept_honesty", "kept_instruction", "kept_plain"]


@pytest.fixture
def tasks(tmp_path):
    Project(tmp_path)
    return tmp_path / "tasks"


def names(found):
    return [task.name for task in found]


def test_they_are_there_only_where_they_are_named(tasks):
    assert names(find_tasks(tasks)) == ["echo"]
    assert names(find_tasks(tasks, ("kept",))) == NAMES
    assert names(find_tasks(tasks, ("kept", "echo"))) == ["echo", *NAMES]
    assert names(find_tasks(tasks, ("kept_plain", "kept"))) == NAMES
    assert names(find_tasks(tasks, ("kept_plain",))) == ["kept_plain"]


def test_they_need_no_folder_of_tasks(tmp_path):
    assert names(find_tasks(tmp_path / "none", ("kept",))) == NAMES
    for asked in ((), ("kept", "echo")):
        with pytest.raises(HarnessError, match="no such folder"):
            find_tasks(tmp_path / "none", asked)


def test_a_projects_own_task_of_the_name_goes_before(tmp_path):
    project = Project(tmp_path)
    project.task("kept_plain")
    (found,) = find_tasks(tmp_path / "tasks", ("kept_plain",))
    assert found.path == tmp_path / "tasks/kept_plain"
    assert task_folder(tmp_path / "tasks", "kept_plain") == found.path
    project.task("kept")
    assert names(find_tasks(tmp_path / "tasks", ("kept",))) == ["kept"]


def test_an_unknown_name_is_told_of_them(tasks):
    with pytest.raises(HarnessError, match="did you mean 'kept_plain'"):
        find_tasks(tasks, ("kept_plan",))
    with pytest.raises(HarnessError, match=r"--task xyz: no such task in .*there are echo, kept$"):
        find_tasks(tasks, ("xyz",))


def test_an_installation_without_them_does_not_judge_all_other_tasks(tasks, monkeypatch):
    monkeypatch.setattr("harness.tasks.kept.starter_root", lambda: tasks)
    with pytest.raises(HarnessError, match="--task kept: no such task"):
        find_tasks(tasks, ("kept",))


def test_one_task_is_asked_for_by_its_own_name(tasks):
    assert find_task(tasks, "kept_plain").name == "kept_plain"
    with pytest.raises(HarnessError, match="--task kept: are 4 tasks, name one of kept_format, "):
        find_task(tasks, "kept")


def test_the_folder_of_a_task_is_its_own_or_the_kept_one(tasks):
    assert task_folder(tasks, "echo") == tasks / "echo"
    assert task_folder(tasks, "kept_plain") == kept_folders()["kept_plain"]
    assert task_folder(tasks, "none") == tasks / "none"


def test_their_cases_are_not_written_into(tasks):
    require_own(tasks / "echo")
    with pytest.raises(HarnessError, match="kept_plain: is a kept skill, whose cases stay"):
        require_own(kept_folders()["kept_plain"])
