"""``--logprobs`` in a session: what is kept, and what is said where there is none."""

import shutil

import pytest

from harness.core.completion import Completion
from harness.core.logprobs import Logprobs
from harness.files.cache_folder import STORE_VARIABLE
from tests.models import TINY_QWEN2
from tests.project import GOOD, WORDS, Project

OWN = """
def test_own(completion):
    assert completion.text
"""


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path)
    project.suite(OWN)
    return project


def test_a_stored_run_replays_what_it_has_and_the_rest_is_counted(project):
    logprobs = Logprobs.of([len(GOOD), 0], [-0.5, -0.25], ["x", "y"], [-1.0, -2.0])
    answers = dict.fromkeys(WORDS, GOOD) | {"bee": Completion(GOOD, logprobs=logprobs)}
    model = project.store(answers)
    done = project.pytest("suites", "--model", model, "--harness-logprobs")
    assert f"--logprobs: 3 of 4 answers have none, {model}: the stored run has none" in done.out
    (run,) = (r for r in project.runs() if r.id != "stored")
    found = {s.case_id: s.completion.logprobs for s in run.samples}
    assert found == dict.fromkeys(WORDS) | {"bee": logprobs}


@pytest.mark.slow
def test_a_real_model_s_are_in_the_record_and_the_store(project):
    shutil.copytree(TINY_QWEN2, project.root / "model")
    given = ("suites", "--model", "base:model", "--device", "cpu", "--threads", "1")
    store = {STORE_VARIABLE: str(project.root / "store")}
    project.pytest(*given, "--limit", "2", **store)
    first = project.pytest(*given, "--logprobs", **store)
    assert "2 answers in the store lack log-probabilities and were generated again" in first.out
    assert "4 of 4 answers from" in project.pytest(*given, "--logprobs", **store).out
    assert "4 of 4 answers from" in project.pytest(*given, **store).out
    sampled = project.pytest(
        *given, "--logprobs", "--repeats", "2", "--temperature", "1.5", **store
    )
    assert "--logprobs" not in sampled.out
    shards = [
        project.pytest(*given, "--logprobs", "--shard", f"{i}/2", "--run-id", f"s{i}", **store)
        for i in (1, 2)
    ]
    assert {shard.code for shard in shards} <= {0, 1}
    merged = project.pytest("suites", "--merge", "s1", "--merge", "s2", "--logprobs", **store)
    assert "--logprobs:" not in merged.out
    _, bare, *runs = sorted(project.runs(), key=lambda run: run.created)
    has = [{s.completion.logprobs is not None for s in run.samples} for run in [bare, *runs]]
    assert has == [{True}, {True}, {False}, {True}, {True}, {True}, {True}]
