"""A worker's part on a node, over a stored run, which needs no library to open."""

import pytest

from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.engine.model import EngineSettings
from harness.engine.ray.actor import ModelActor, versions
from harness.tasks.task import load_task
from tests.project import GOOD, Project


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # The actor changes the working directory: it has its own process.
    return Project(tmp_path)


def opened(project, ref, hashes=()):
    actor = ModelActor()
    return actor, actor.open(str(project.root), ModelRef.parse(ref), EngineSettings(), hashes)


def test_a_batch_is_answered_by_a_process_of_the_model(project):
    actor, record = opened(project, project.store())
    try:
        assert record.kind == "record"
        task = load_task(project.root / "tasks/echo")
        requests = [Request("echo", c.id, c.messages, task.sampling) for c in task.cases]
        assert sorted(key for keys in actor.batches(requests) for key in keys) == [
            f"echo/{word}/0" for word in ("ant", "bee", "cat", "dog")
        ]
        reply = actor.answer(requests[:2])
        assert [(key, c.text) for key, c in reply.answers] == [
            ("echo/ant/0", GOOD),
            ("echo/bee/0", GOOD),
        ]
        assert reply.is_open
        assert reply.peak_memory_mb
        actor.remote._process.popen.kill()
        assert [c.text for _, c in actor.answer(requests[2:]).answers] == [GOOD, GOOD]
    finally:
        actor.remote.close()


def test_a_folder_that_the_node_does_not_have_is_named(project):
    actor = ModelActor()
    reason = actor.open("/nowhere", ModelRef("base", "out"), EngineSettings(), ())
    assert reason == "the folder /nowhere is not there: all machines need the same paths"


def test_a_model_that_the_node_does_not_have_is_named(project):
    assert opened(project, "base:./model")[1] == "./model is not there"


def test_other_files_under_the_same_name_are_refused(project):
    for name in ("config.json", "model.safetensors"):
        project.write(f"model/{name}", "here")
    hashes = [("config.json", "0" * 64), ("model.safetensors", "1" * 64)]
    assert opened(project, "base:model", hashes)[1] == (
        "its files differ from those of this machine: config.json, model.safetensors"
    )


def test_a_version_of_what_is_not_there_is_none():
    found = versions(["numpy", "no-such-package"])
    assert found["no-such-package"] is None
    assert found["numpy"]
    assert found["slm-harness"]
