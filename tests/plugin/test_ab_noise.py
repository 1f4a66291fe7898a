"""``--ab-noise`` in a session: a real model is asked again, and what cannot be is refused."""

import shutil

import pytest

from harness.files.cache_folder import STORE_VARIABLE
from tests.faulty_server import serving
from tests.models import TINY_QWEN2
from tests.project import FENCED, GOOD, Project

WORDS = [f"word{n}" for n in range(12)]
OWN = """
def test_own(completion, task, tmp_path):
    assert tmp_path.exists()  # A fixture whose value is not known before the test runs.
    assert completion.text
"""


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path)
    project.json_suites(WORDS, "0")
    return project


@pytest.mark.slow
def test_a_real_model_is_asked_again_by_itself_also_where_the_store_has_its_answers(project):
    project.suite(OWN)
    shutil.copytree(TINY_QWEN2, project.root / "model")
    given = ("suites", "--model", "base:model", "--device", "cpu", "--threads", "1")
    store = {STORE_VARIABLE: str(project.root / "store")}
    first = project.pytest(*given, "--ab-noise", "10", **store)
    second = project.pytest(*given, "--ab-noise", **store)
    assert first.code == second.code
    assert "noise: 10 answers generated again in batches of 5 rows, at first of 12" in first.out
    assert "12 of 12 answers from the store" in second.out
    assert "noise: 12 answers generated again in batches of 6 rows, at" in second.out
    for run, cases in zip(project.runs(), (10, 12), strict=True):
        (noise,) = run.noise
        assert (noise.answers, noise.errors) == (cases, 0)
        judged = {rate.behavior: rate.cases for rate in noise.rates}
        assert judged["own"] == judged["json_validity"] == cases
        assert len(run.samples) == 12


@pytest.mark.slow
def test_what_cannot_be_asked_again_is_refused_in_a_line(project):
    model = project.store(GOOD)
    for given, said in (
        (["--model", model], f"ERROR: --ab-noise: {model} replays stored answers, which cannot"),
        (["--model", "endpoint:#m", "--plan-out", "x"], "ERROR: --ab-noise: leave out --plan-out,"),
        (
            ["--model", model, "--shard", "1/2"],
            "ERROR: --ab-noise: leave out --shard, measure it in",
        ),
    ):
        done = project.pytest("suites", *given, "--ab-noise")
        assert done.code == 4
        assert said in done.out + done.err


@pytest.mark.slow
def test_a_served_model_that_flips_is_seen_and_its_batches_are_its_own(tmp_path):
    project = Project(tmp_path)
    project.json_suites(WORDS, "0.75")
    seen = set()

    def answer(body) -> str:
        """The second answer to one case stands in a fence."""
        prompt = body["messages"][-1]["content"]
        is_second, _ = prompt in seen, seen.add(prompt)
        return FENCED if is_second and "word3" in prompt else GOOD

    with serving() as server:
        server.answer = answer
        done = project.pytest("suites", "--model", f"endpoint:{server.url}#tiny", "--ab-noise")
    assert done.counts() == {"passed": 2}, done.out
    assert "12 answers generated again in another order, in batches that the backend" in done.out
    assert "echo: no_extra_text: 1 of 12 flipped: 8.3%" in done.out
    assert "on the knife's edge: word3 (json_validity, no_extra_text)" in done.out
    (noise,) = project.run().noise
    assert noise.flipped[0].is_composite
