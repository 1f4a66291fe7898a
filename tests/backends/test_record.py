"""A stored run as a model: it answers in this process, and only what it was asked then."""

import subprocess
from dataclasses import replace

import pytest

from harness import backends
from harness.core.completion import FinishReason
from harness.core.errors import HarnessError
from harness.core.grammar import Grammar
from harness.core.modelref import ModelRef
from harness.core.plan import requests_for
from harness.engine.events import Answered
from harness.records.runs import read_run, write_run
from harness.tasks.task import load_task
from tests.project import GOOD, Project


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path)
    project.store(GOOD)
    return project


def requests(project: Project, **changes):
    task = load_task(project.root / "tasks/echo")
    return [replace(r, **changes) for r in requests_for("echo", task.cases, task.sampling)]


def answers(asked):
    ref = ModelRef.parse("record:stored/stored")
    backends.preflight(ref)
    events = list(backends.host().answers(ref, asked))
    return [e.completion for e in events if isinstance(e, Answered)], events[-1].model


def test_it_answers_without_a_process(project, monkeypatch):
    def refused(*arguments, **more):
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", refused)
    found, model = answers(requests(project))
    assert [c.text for c in found] == [GOOD] * 4
    assert (model.ref, model.kind) == ("record:stored/stored", "record")


def test_what_the_stored_model_took_is_not_the_replays(project):
    """Nor is the replay's the model's: what took seconds is the replay, and no memory is known."""
    folder = project.root / "stored/stored"
    run = read_run(folder)
    measured = replace(run.models[0], load_seconds=9.0, generate_seconds=99.0, peak_memory_mb=999.0)
    write_run(replace(run, models=(measured,)), folder.parent)
    _, model = answers(requests(project))
    assert (model.is_measurable, model.peak_memory_mb) == (False, None)
    assert model.load_seconds < 9
    assert model.generate_seconds < 9


def test_what_was_not_asked_then_is_an_error(project):
    other = requests(project)[0]
    (found,), _ = answers([replace(other, case_id="emu")])
    assert found.error == "the stored run has no completion for this case"
    (found,), _ = answers([replace(other, messages=())])
    assert found.error == "the stored run answered another prompt under this case's id"
    (found,), _ = answers([replace(other, sampling=replace(other.sampling, temperature=0.5))])
    assert found.error == "the stored run was decoded in another way"
    (found,), _ = answers([replace(other, grammar=Grammar("{}", "llguidance 1"))])
    assert found.error == "the stored run was decoded in another way"
    (found,), _ = answers([replace(other, timed=True)])
    assert found.finish_reason is FinishReason.ERROR


def test_a_record_without_the_task_of_its_samples_is_refused(project):
    """A record may come from a pull request."""
    folder = project.root / "stored/stored"
    write_run(replace(read_run(folder), tasks=()), folder.parent)
    with pytest.raises(HarnessError, match=r"run\.json: tasks: 'echo' is missing"):
        answers(requests(project))


def test_a_record_that_is_damaged_between_preflight_and_answers_does_not_open(project):
    ref = ModelRef.parse("record:stored/stored")
    backends.preflight(ref)
    (project.root / "stored/stored/samples.jsonl").write_text("{")
    (closed,) = backends.host().answers(ref, requests(project))
    assert "samples.jsonl:1" in closed.model.error
    with pytest.raises(HarnessError):
        backends.preflight(ref)


def test_a_run_that_was_ended_early_says_how_much_it_has(project):
    folder = project.root / "stored/stored"
    run = read_run(folder)
    write_run(replace(run, samples=run.samples[:1], status="partial"), folder.parent)
    _, model = answers(requests(project)[:1])
    assert model.warnings == ("its run was ended early and has 1 of 4 cases of echo",)
