"""``pytest suites/ --baseline NAME``: what a session ends with, run as a user runs it."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.gate.policy import GatePolicy
from harness.plugin.gate import Gate
from harness.records.baselines import save_baseline
from harness.records.ledger import read_ledger
from harness.records.runs import read_run
from harness.run.named_baseline import NamedBaseline
from tests.gating import FIRST, SECOND, run_of
from tests.project import GOOD, Project

WORDS = tuple(f"w{i:03}" for i in range(160))
BAD = "Sure! " + GOOD


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose baseline answered all of 160 cases well, with three candidates stored."""
    project = Project(tmp_path_factory.mktemp("project"))
    project.json_suites(WORDS, "0.5")
    project.store(GOOD, "good")
    project.store({w: BAD if i < 20 else GOOD for i, w in enumerate(WORDS)}, "worse")
    project.store({w: BAD if i < 2 else GOOD for i, w in enumerate(WORDS)}, "unsure")
    assert project.pytest("suites", "--model", "record:stored/good").code == 0
    save_baseline("main", project.run(), project.root / "reports/baselines")
    return project


@pytest.mark.parametrize(
    ("run", "code", "said"),
    [
        ("good", 0, "PASS: format_success_rate stayed at 100.0%"),
        ("worse", 1, "REGRESSION: format_success_rate fell from 100.0% to 87.5%"),
        ("unsure", 10, "INCONCLUSIVE: format_success_rate fell from 100.0% to 98.8%"),
    ],
)
def test_the_session_ends_as_the_gate_decides(
    prepared: Project, run: str, code: int, said: str
) -> None:
    done = prepared.pytest("suites", "--model", f"record:stored/{run}", "--baseline", "main")
    assert done.code == code, done.out
    assert "gate against main" in done.out
    assert said in done.out
    assert set(done.counts()) == {"passed"}
    end = done.out[done.out.rindex("- verdict -") :]
    assert f"{said}; all 2 budgets are met\n" in end
    assert ("  20 broke:\n" in end) is (run == "worse")
    assert "\nnext: harness report main 20" in end


def test_options_go_before_the_project_s_policy(prepared: Project) -> None:
    arguments = ("suites", "--model", "record:stored/unsure", "--baseline", "main")
    assert prepared.pytest(*arguments, "--margin", "0.1").code == 0


def test_a_session_that_judges_less_is_not_comparable(prepared: Project) -> None:
    done = prepared.pytest(
        "suites", "--model", "record:stored/good", "--baseline", "main", "-k", "no_extra_text"
    )
    assert done.code == 11
    assert "required behaviors differ, only before: json_validity" in done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--baseline", "mian"], "--baseline: baseline 'mian': not in "),
        (["--baseline", "main", "--margin", "2"], "--baseline: --margin 2.0: Input should be less"),
        (
            ["--baseline", "main", "--generate", "5"],
            "--baseline: leave out --generate, drawn cases are",
        ),
    ],
)
def test_a_mistake_is_a_usage_error_before_any_model_loads(
    prepared: Project, arguments: list[str], message: str
) -> None:
    done = prepared.pytest("suites", "--model", "record:stored/good", *arguments)
    assert done.code == 4
    assert message in done.out + done.err
    assert "did you mean 'main'?" in done.out + done.err or "mian" not in arguments


def test_a_baseline_without_behaviors_is_a_usage_error(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("suites/test_plain.py", "def test_plain(): pass\n")
    done = project.pytest("suites", "--baseline", "main")
    assert done.code == 4
    assert "no behavior was collected" in done.out + done.err


def test_every_model_is_gated_and_one_that_the_baseline_lacks_is_refused(
    prepared: Project,
) -> None:
    run = prepared.runs()[0]
    other = replace(run.models[0], ref="base:other")
    samples = tuple(replace(s, model="base:other") for s in run.samples)
    both = replace(run, models=(*run.models, other), samples=(*run.samples, *samples))
    save_baseline("both", both, prepared.root / "reports/baselines")
    arguments = ("suites", "--model", "record:stored/good", "--model", "record:stored/worse")
    done = prepared.pytest(*arguments, "--baseline", "both")
    assert done.code == 11
    assert "PASS: format_success_rate stayed" in done.out
    assert "NOT COMPARABLE: " in done.out


def test_the_table_and_then_the_gate_come_after_what_other_plugins_say(prepared: Project) -> None:
    arguments = ("suites", "--model", "record:stored/good", "--baseline", "main")
    out = prepared.pytest(*arguments, "--junitxml", "junit.xml").out
    sections = ("generated xml file", "- behaviors -", "record: ", "- gate against main -")
    places = [out.index(section) for section in sections]
    assert places == sorted(places)


@pytest.mark.slow
def test_the_session_ends_as_the_anchor_decides(prepared: Project) -> None:
    root = prepared.root / "reports/baselines"
    arguments = ("suites", "--model", "record:stored/worse")
    assert prepared.pytest(*arguments, "--run-id", "worse").code == 0
    save_baseline("low", read_run(prepared.root / "reports/runs/worse"), root)
    assert prepared.pytest(*arguments, "--baseline", "low").code == 0
    good = prepared.pytest("suites", "--model", "record:stored/good", "--run-id", "good")
    assert good.code == 0
    save_baseline("low", read_run(prepared.root / "reports/runs/good"), root, is_anchor=True)
    done = prepared.pytest(*arguments, "--baseline", "low", "--no-ledger")
    assert done.code == 1
    assert "REGRESSION: against the anchor low (saved 20" in done.out


@pytest.mark.parametrize("has_ledger", [True, False])
def test_the_session_s_decisions_are_entered_unless_it_says_no(
    tmp_path: Path, has_ledger: bool
) -> None:
    save_baseline("main", run_of([True] * 200, FIRST), tmp_path)
    session = SimpleNamespace()
    gate = Gate(session, NamedBaseline.read("main", tmp_path), GatePolicy(), has_ledger)
    gate.pytest_harness_run_finished(run_of([True] * 200, SECOND))
    assert (session.baseline, session.decisions) == ("main", gate.decisions)
    assert [e.run for e in read_ledger(tmp_path).entries] == ([SECOND] if has_ledger else [])
