"""Latency and memory that a session measures, on real models run as a user runs them."""

from dataclasses import replace

import pytest

from harness.core.record import RunRecord
from harness.records.runs import read_run, write_run
from tests.models import ROOT, TINY_QWEN2
from tests.project import TASK, Project

ADAPTER = ROOT / "fixtures/models/tiny-qwen2-adapter"
LIMITS = "latency_p95_seconds: 60, latency_mean_seconds: 60, peak_memory_mb: 9000"
TIMED = TASK.replace("0.75}", f"0.75, {LIMITS}}}").replace("0.75,", "0.0,")


def project_of(root) -> Project:
    """A task that times three of its four cases."""
    project = Project(root)
    project.task("echo", TIMED + "latency_cases: 3\n")
    for name in ("test_json_validity.py", "test_latency_budget.py", "test_memory_budget.py"):
        project.bundled_suite(name)
    return project


def run_of(project: Project) -> RunRecord:
    models = ("--model", f"base:{TINY_QWEN2}", "--model", f"adapter:{ADAPTER}+base={TINY_QWEN2}")
    done = project.pytest("suites", *models, "--threads", "1", "--device", "cpu")
    assert done.code == 0, done.out
    return project.run()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    """Two models that are both timed."""
    return run_of(project_of(tmp_path_factory.mktemp("timed")))


def test_every_timed_request_is_in_the_record(run: RunRecord) -> None:
    refs = [model.ref for model in run.models]
    cases = [(t.model, t.task, t.case_id) for t in run.timed]
    assert sorted(cases) == sorted(
        (ref, "echo", case) for ref in refs for case in ("ant", "bee", "cat")
    )
    asked = {(s.model, s.case_id): s.prompt_sha256 for s in run.samples}
    for timed in run.timed:
        assert 0 < timed.first_token_seconds <= timed.seconds < run.seconds
        assert timed.tokens > 0
        assert timed.prompt_sha256 == asked[timed.model, timed.case_id]
    assert [t.order for t in run.timed] == list(range(6))
    assert [t.after_seconds for t in run.timed] == sorted(t.after_seconds for t in run.timed)


def test_models_are_timed_in_turns(run: RunRecord) -> None:
    base, adapter = (model.ref for model in run.models)
    assert run.is_interleaved is True
    turns = [(t.case_id, t.model) for t in run.timed]
    assert turns == [
        ("ant", base), ("ant", adapter),
        ("bee", adapter), ("bee", base),
        ("cat", adapter), ("cat", base),
    ]  # fmt: skip
    assert run.status == "complete"
    assert [model.attempt for model in run.models] == [1, 1]


@pytest.mark.slow
def test_models_that_do_not_fit_beside_each_other_are_timed_one_after_the_other(tmp_path) -> None:
    project = project_of(tmp_path)
    project.write(
        "conftest.py",
        "from harness.run import interleaving as i\ni.fit_together = lambda models: False",
    )
    run = run_of(project)
    base, adapter = (model.ref for model in run.models)
    assert run.is_interleaved is False
    assert [t.model for t in run.timed] == [adapter] * 3 + [base] * 3
    assert run.status == "complete"
    assert all(model.peak_memory_mb and model.peak_memory_mb > 50 for model in run.models)


def test_what_a_budget_is_held_against_is_what_was_timed(run: RunRecord) -> None:
    for model in run.models:
        (result,) = (
            r for r in run.results if (r.model, r.behavior) == (model.ref, "latency_budget")
        )
        slowest = max(t.seconds for t in run.timed if t.model == model.ref)
        assert result.measured["p95_seconds"] == slowest


def test_a_record_of_before_there_was_timing_is_read(run: RunRecord, tmp_path) -> None:
    folder = write_run(replace(run, timed=(), is_interleaved=None), tmp_path)
    text = (folder / "run.json").read_text()
    old = text.replace('  "timed": [],\n', "").replace('  "is_interleaved": null,\n', "")
    assert old.count("\n") == text.count("\n") - 2
    (folder / "run.json").write_text(old)
    assert read_run(folder) == replace(run, timed=(), is_interleaved=None)


@pytest.mark.slow
def test_a_latency_that_is_missed_on_a_busy_machine_says_so(tmp_path) -> None:
    project = project_of(tmp_path)
    project.task("echo", TIMED.replace("seconds: 60", "seconds: 0.000001") + "latency_cases: 1\n")
    project.write("conftest.py", "import os\nos.getloadavg = lambda: (9999.0, 0.0, 0.0)\n")
    model = ("--model", f"base:{TINY_QWEN2}", "--threads", "1", "--device", "cpu")
    done = project.pytest("suites", *model, "-k", "latency")
    assert done.code == 1
    assert "load 9999: times mean little" in done.out
    run = project.run()
    (latency,) = [r for r in run.results if r.behavior == "latency_budget"]
    assert latency.reason.endswith(f"; {run.load.note}")
    assert run.load.before == run.load.highest == 9999.0
