"""``pytest --model endpoint:...``: a run over a served model, as a user sees it."""

import signal

import pytest
from click.testing import CliRunner

from harness.cli import main
from tests.faulty_server import serving, status
from tests.project import GOOD, Project

MEASURED = """\
def test_json_is_short(completion):
    assert len(completion.text) < 40

def test_answers_are_timed(latency):
    assert latency.first_token_seconds[0] <= latency.seconds[0]

def test_memory_is_small(memory):
    assert memory.peak_memory_mb < 1
"""


def ref_of(server) -> str:
    return f"endpoint:{server.url}#tiny"


@pytest.fixture
def server():
    with serving() as running:
        running.answer = lambda body: GOOD
        yield running


def test_a_run_is_judged_and_timed_and_its_memory_is_skipped(tmp_path, server):
    project = Project(tmp_path)
    project.suite(MEASURED)
    done = project.pytest("suites", "--model", f"endpoint:{server.url}#tiny", "-rs")
    assert done.counts() == {"passed": 2, "skipped": 1}, done.out + done.err
    assert "memory is its server's" in done.out
    record = project.run()
    assert record.status == "complete"
    [model] = record.models
    assert (model.kind, model.name, model.weights_sha256) == ("endpoint", "tiny", None)
    assert [s.completion.text for s in record.samples] == [GOOD] * 4
    assert len(record.timed) == 4


@pytest.mark.slow
def test_several_served_models_are_timed_in_turns(tmp_path, server):
    project = Project(tmp_path)
    project.suite(MEASURED)
    with serving() as other:
        refs = [f"endpoint:{s.url}#tiny" for s in (server, other)]
        project.pytest("suites", "--model", refs[0], "--model", refs[1])
    record = project.run()
    assert record.is_interleaved
    assert [t.model for t in record.timed[:4]] == [*refs, *reversed(refs)]


def test_the_key_is_in_no_file_and_no_output(tmp_path, server):
    key = "sk-test-0123456789abcdef"
    project = Project(tmp_path)
    project.bundled_suite("test_json_validity.py")
    server.replies += [status(401, {"error": {"message": f"wrong key {key}"}})] * 2
    done = project.pytest("suites", "--model", f"endpoint:{server.url}#tiny", HARNESS_API_KEY=key)
    assert server.headers[0]["Authorization"] == f"Bearer {key}"
    files = [p.read_text("utf-8", "replace") for p in tmp_path.rglob("*") if p.is_file()]
    assert len(files) > 3
    assert not any(key in text for text in (done.out, done.err, *files))


KILLER = """\
import os, pathlib, signal
import pytest

def test_killer(completion):
    if pathlib.Path("kill").exists():
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_a_whole_run_of_a_served_model_leaves_nothing_in_the_store(tmp_path, server):
    project = Project(tmp_path)
    project.bundled_suite("test_json_validity.py")
    for _ in range(2):
        project.pytest("suites", "--model", ref_of(server), HARNESS_STORE=str(tmp_path / "store"))
    assert len(server.bodies) == 8


@pytest.mark.slow
def test_an_interrupted_run_of_a_served_model_goes_on_when_it_is_told_to(tmp_path, server):
    project = Project(tmp_path)
    project.suite(KILLER)
    command = ("suites", "--model", ref_of(server))
    store = {"HARNESS_STORE": str(tmp_path / "store")}
    project.write("kill", "")
    assert project.pytest(*command, **store).code == -signal.SIGKILL
    (tmp_path / "kill").unlink()
    asked = len(server.bodies)
    refused = project.pytest(*command, **store)
    assert refused.code == 4
    assert (
        f"an interrupted run left {asked} of 4 answers of {ref_of(server)}: --resume goes on"
        in refused.err
    )
    assert "keep one" in project.pytest(*command, "--resume", "--fresh", **store).err
    resumed = project.pytest(*command, "--resume", **store)
    assert resumed.code == 0, resumed.out
    assert f"{asked} of 4 answers from the store" in resumed.out
    assert len(server.bodies) == 4
    assert [run.status for run in project.runs()] == ["partial", "complete"]
    assert project.pytest(*command, **store).code == 0
    assert len(server.bodies) == 8


@pytest.mark.slow
def test_a_baseline_of_a_served_model_is_compared_by_its_name(tmp_path, server, monkeypatch):
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path)
    project.json_suites([f"word{n}" for n in range(30)], "0.1")
    ref = f"endpoint:{server.url}#tiny"
    project.pytest("suites", "--model", ref, "--run-id", "before")
    saved = CliRunner().invoke(main, ["baseline", "save", "main", "reports/runs/before"])
    assert saved.exit_code == 0, saved.output
    again = CliRunner().invoke(main, ["baseline", "save", "main", "--replace", "--again"])
    assert "nothing says that its weights are the same" in again.output
    server.answer = lambda body: "no"
    done = project.pytest("suites", "--model", ref, "--baseline", "main")
    assert "REGRESSION" in done.out.upper()
    assert "compared by its name alone" in " ".join(done.out.split())
