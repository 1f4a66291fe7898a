"""``--stop-early``: blocks of cases, and a model that stops once its decision is sure."""

from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.core.record import RunRecord
from harness.records.baselines import save_baseline
from tests.models import ROOT, TINY_QWEN2
from tests.project import GOOD, Project

WORDS = tuple(f"w{i:03}" for i in range(300))
BAD = "Sure! " + GOOD
ADAPTER = ROOT / "fixtures/models/tiny-qwen2-adapter"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose baseline answered all of 300 cases well, with candidates stored."""
    project = Project(tmp_path_factory.mktemp("project"))
    project.json_suites(WORDS, "0.1")
    project.store(GOOD, "good")
    project.store({w: BAD if i % 5 == 0 else GOOD for i, w in enumerate(WORDS)}, "worse")
    assert project.pytest("suites", "--model", "record:stored/good").code == 0
    save_baseline("main", project.run(), project.root / "reports/baselines")
    return project


def latest(project: Project) -> RunRecord:
    return project.runs()[-1]


@pytest.mark.parametrize(
    ("run", "code", "asked", "said"),
    [
        ("good", 0, 180, "PASS: format_success_rate stayed at 100.0%"),
        ("worse", 1, 60, "REGRESSION: format_success_rate fell"),
    ],
)
def test_it_stops_once_the_decision_is_sure(
    prepared: Project, run: str, code: int, asked: int, said: str
) -> None:
    arguments = ("suites", "--model", f"record:stored/{run}", "--baseline", "main")
    done = prepared.pytest(*arguments, "--stop-early")
    assert done.code == code, done.out
    assert said in done.out
    assert f"after {asked} of 300 cases" in done.out
    record = latest(prepared)
    stop = record.models[0].early_stop
    assert record.status == "complete"
    assert stop is not None
    assert (stop.asked, stop.total, stop.baseline) == (asked, 300, "main")
    assert len(record.samples) == asked
    assert {r.failed + r.passed + r.errors for r in record.results} == {asked}
    with pytest.raises(HarnessError, match=rf"was stopped after {asked} of 300 cases"):
        save_baseline("again", record, prepared.root / "reports/baselines")


def test_pinned_cases_are_all_asked_before_a_pass(prepared: Project) -> None:
    """Ten cases are pinned, and some of them come after the 180 that decide."""
    cases = prepared.root / "tasks/echo/cases.jsonl"
    plain = cases.read_text()
    try:
        cases.write_text(plain.replace('"id": "w29', '"must_pass": true, "id": "w29'))
        assert prepared.pytest("suites", "--model", "record:stored/good").code == 0
        save_baseline("pinned", latest(prepared), prepared.root / "reports/baselines")
        done = prepared.pytest(
            "suites", "--model", "record:stored/good", "--baseline", "pinned", "--stop-early"
        )
    finally:
        cases.write_text(plain)
    assert done.code == 0, done.out
    asked = {sample.case_id for sample in latest(prepared).samples}
    assert asked >= {f"w29{i}" for i in range(10)}
    assert 180 < len(asked) < 190


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--stop-early: name the baseline to decide against"),
        (["--baseline", "main", "--per-case"], "leave out --per-case"),
        (["--baseline", "main", "--repeats", "2", "--temperature", "1"], "leave out --repeats"),
        (
            ["--baseline", "main", "--generate", "5"],
            "--baseline: leave out --generate, drawn cases are",
        ),
    ],
)
def test_what_it_cannot_be_combined_with_is_refused(
    prepared: Project, arguments: list[str], message: str
) -> None:
    done = prepared.pytest("suites", "--model", "record:stored/good", "--stop-early", *arguments)
    assert done.code == 4
    assert message in done.out + done.err


def test_a_behavior_with_a_fixture_of_its_own_is_refused(prepared: Project) -> None:
    suite = prepared.write(
        "own/test_own.py", "def test_own(completion, tmp_path): assert completion.text\n"
    )
    done = prepared.pytest(
        str(suite), "--model", "record:stored/good", "--baseline", "main", "--stop-early"
    )
    assert done.code == 4
    assert "test_own takes the fixture 'tmp_path'" in done.out + done.err


@pytest.mark.slow
def test_a_real_model_that_is_worse_is_asked_few_cases(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.bundled_suite("test_json_validity.py")
    project.bundled_suite("test_no_extra_text.py")
    tasks = ("--rootdir=.", f"--tasks-dir={ROOT / 'fixtures/tasks'}", "--task", "json_extraction")
    before = f"adapter:{ADAPTER}+base={TINY_QWEN2}"
    done = project.pytest("suites", *tasks, "--model", before)
    assert done.code in (0, 1), done.out + done.err
    save_baseline("main", project.run(), tmp_path / "reports/baselines")
    done = project.pytest(
        "suites", *tasks, "--model", f"base:{TINY_QWEN2}", "--baseline", "main", "--stop-early"
    )
    assert "REGRESSION" in done.out, done.out
    stop = latest(project).models[0].early_stop
    assert stop is not None
    assert stop.outcome == "regression"
    assert stop.asked <= 0.35 * stop.total
