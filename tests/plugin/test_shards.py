"""``--shard I/N`` and ``harness run merge``: parts of a run, and the run that they make."""

import json
import shutil
import subprocess
import sys

import pytest

from tests.models import TINY_QWEN2
from tests.project import FENCED, GOOD, TASK, Outcome, Project, clean_environment
from tests.same_record import comparable

WORDS = [f"word{n}" for n in range(12)]
OVER_ALL = """
def test_variety_of_own(completions):
    assert len(completions) == 12, len(completions)
"""


pytestmark = pytest.mark.slow  # Each test is several sessions.


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path)
    project.json_suites(WORDS, "0.75")
    project.suite(OVER_ALL)
    return project


def answers(bad: int = 2):
    return {word: GOOD if n >= bad else FENCED for n, word in enumerate(WORDS)}


def merge(project: Project, *arguments: str) -> Outcome:
    done = subprocess.run(
        [sys.executable, "-m", "harness", "run", "merge", *arguments],
        cwd=project.root,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def shards(project: Project, model: str, count: int, *more: str) -> list[Outcome]:
    return [
        project.pytest(
            "suites", "--model", model, "--shard", f"{n}/{count}", "--run-id", f"part{n}", *more
        )
        for n in range(1, count + 1)
    ]


def test_merged_shards_are_the_undivided_run(project):
    model = project.store(answers())
    whole = project.pytest("suites", "--model", model, "--run-id", "whole")
    for n, done in enumerate(shards(project, model, 3), start=1):
        assert done.code == 0, done.out
        assert done.counts() == {"skipped": 3}
        assert f"shard {n}/3: no budget is decided" in done.out
    shutil.rmtree(project.root / "stored")  # No model is needed.
    merged = merge(project, "part3", "part1", "part2", "--run-id", "merged")
    assert merged.code == whole.code == 0, merged.out + merged.err
    assert merged.counts() == whole.counts() == {"passed": 3}
    assert "No --model" not in merged.out
    root = project.root / "reports/runs"
    assert comparable(root / "merged") == comparable(root / "whole")
    head = json.loads((root / "merged/run.json").read_text())
    assert [shard["run"] for shard in head["shards"]] == ["part1", "part2", "part3"]
    assert head["command"] == ["harness", "run", "merge", "part1", "part2", "part3"]


def test_a_missed_budget_is_decided_by_the_merge_alone(project):
    model = project.store(answers(bad=6))
    assert [done.code for done in shards(project, model, 2)] == [0, 0]
    runs = project.runs()
    assert {r.met for run in runs for r in run.results} == {None}
    assert {run.shard.index for run in runs} == {1, 2}
    merged = merge(project, "part1", "part2")
    assert merged.code == 1
    assert merged.counts() == {"failed": 2, "passed": 1}
    assert "50.0%" in merged.out


def test_an_answer_that_was_lost_fails_its_shard(project):
    model = project.store(dict.fromkeys(WORDS[1:], GOOD))
    codes = [done.code for done in shards(project, model, 2)]
    assert sorted(codes) == [0, 1]


def test_other_runs_are_refused_in_one_line(project):
    model = project.store(answers())
    shards(project, model, 2)
    project.pytest("suites", "--model", model, "--run-id", "whole")
    for named, said in (
        (["part2"], "harness: shard 1/2 is missing"),
        (["part1", "whole"], "harness: run whole: is no shard, it was made without"),
    ):
        merged = merge(project, *named)
        assert merged.code == 2
        assert merged.err.startswith(said), merged.err
        assert merged.err.count("\n") == 1


def test_changed_cases_and_suites_are_refused(project):
    model = project.store(answers())
    shards(project, model, 2)
    project.suite(OVER_ALL + "\n# changed\n")
    done = merge(project, "part1", "part2")
    assert done.code == 4
    assert "ERROR: the files of the suites are not those of the shards" in done.out + done.err
    project.suite(OVER_ALL)
    project.task("echo", TASK, [*WORDS, "word12"])
    done = merge(project, "part1", "part2")
    assert done.code == 4
    assert "the cases, prompts or decoding here are not those" in done.out + done.err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--shard", "0/2"], "'0/2' is no shard, write I/N with I from 1 to N"),
        (["--shard", "3/2"], "'3/2' is no shard"),
        (["--shard", "1/13"], "there are 12 groups of cases that share a wording"),
        (["--shard", "1/2", "--baseline", "x"], "--shard: leave out --baseline, gate the merged"),
        (["--shard", "1/2", "--generate", "5"], "--shard: leave out --generate, draw with"),
    ],
)
def test_a_shard_of_nothing_is_a_usage_error(project, given, said):
    done = project.pytest("suites", "--model", project.store(answers()), *given)
    assert done.code == 4
    assert said in done.out + done.err


def test_per_case_behaviors_are_deselected_and_decided_in_their_shard(project):
    model = project.store(answers(bad=1))
    done = shards(project, model, 2, "--per-case")
    assert sorted(d.code for d in done) == [0, 1]
    assert done[0].counts()["deselected"] == 12
    assert merge(project, "part1", "part2").counts() == {"failed": 2, "passed": 23}


def test_a_real_model_with_latency_and_memory_is_the_undivided_run(project):
    limits = "latency_p95_seconds: 60, peak_memory_mb: 90000"
    budgets = TASK.replace("budgets: {", f"budgets: {{{limits}, ")
    project.task("echo", budgets + "latency_cases: 4\n", WORDS)
    for name in ("latency", "memory"):
        project.bundled_suite(f"test_{name}_budget.py")
    shutil.copytree(TINY_QWEN2, project.root / "model")
    more = ("--device", "cpu", "--threads", "1")
    project.pytest("suites", "--model", "base:model", "--run-id", "whole", *more)
    shards(project, "base:model", 2, *more)
    shutil.rmtree(project.root / "model")
    merge(project, "part1", "part2", "--run-id", "merged")
    root = project.root / "reports/runs"
    merged, whole = comparable(root / "merged"), comparable(root / "whole")
    assert len(whole["timed"]) == 4
    assert {r["behavior"] for r in whole["results"] if r["measured"]}
    for timed in (*merged["timed"], *whole["timed"]):
        del timed["order"]
    assert sorted(merged.pop("timed"), key=str) == sorted(whole.pop("timed"), key=str)
    assert merged == whole
