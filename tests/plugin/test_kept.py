"""``--task kept``: skills that come along are asked where they are named, compared and replayed."""

import json

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.tasks.kept import kept_folders
from harness.tasks.task import load_task
from tests.project import Project

SKILL = "kept_plain"


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """One session in which a model that knows the answers and one that wraps them in JSON were
    asked a kept skill; the project's settings give both its own task alone."""
    project = Project(tmp_path_factory.mktemp("kept"))
    for name in ("test_letter.py", "test_ending.py"):
        project.bundled_suite(name)
    right = {c.id: str(c.reference) for c in load_task(kept_folders()[SKILL]).cases}
    wrapped = {name: json.dumps({"answer": answer}) for name, answer in right.items()}
    refs = [project.store(a, n, SKILL) for n, a in (("base", right), ("tuned", wrapped))]
    models = ", ".join(f'{{ref = "{ref}", tasks = ["echo"]}}' for ref in refs)
    project.write("pyproject.toml", f'[tool.harness]\ntasks_dir = "tasks"\nmodels = [{models}]\n')
    project.outcome = project.pytest("suites", "--task", SKILL)
    return project


@pytest.fixture
def harness(judged, monkeypatch):
    monkeypatch.chdir(judged.root)
    return lambda *arguments: CliRunner().invoke(main, arguments)


def test_it_is_judged_where_it_is_named_whatever_tasks_the_models_have(judged):
    run = judged.run()
    assert [(t.name, t.kept) for t in run.tasks] == [(SKILL, True)]
    rates = {(r.model, r.behavior): r.passed for r in run.results}
    assert rates["record:stored/base", "expected"] == 60
    assert rates["record:stored/base", "forbidden"] == 60
    assert rates["record:stored/tuned", "forbidden"] == 0
    assert judged.outcome.code == 1


def test_a_skill_is_not_asked_where_it_is_not_named(judged):
    """The stored runs have no answers to the project's own task, which is what is asked."""
    outcome = judged.pytest("suites", "--collect-only")
    assert outcome.code == 4
    assert "the stored run has no answer to the chosen cases of echo" in outcome.err + outcome.out


def test_the_gate_says_what_else_broke(harness):
    result = harness("gate", "latest")
    assert result.exit_code == 1
    assert "REGRESSION: format_success_rate fell from 100.0% to 0.0%" in result.output
    line = "What else broke, of 1 kept skill (margin 10 points): kept_plain, 100.0% to 0.0%."
    assert line in result.output
    assert "kept_plain: 60 cases on both sides, a kept skill with a margin of 10" in result.output
    (task,) = json.loads(harness("gate", "latest", "--json").stdout)["tasks"]
    assert (task["kept"], task["margin"]) == (True, 0.1)
    wider = harness("gate", "latest", "--kept-margin", "0.2", "--json").stdout
    assert json.loads(wider)["tasks"][0]["margin"] == 0.2


def test_a_case_is_replayed_by_the_checks_of_the_skill(harness):
    result = harness("replay", "latest", "kept_plain-00", "--model", "record:stored/base")
    assert result.exit_code == 0, result.output
    assert "Not judged" not in result.output
