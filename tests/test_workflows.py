"""The gates for GitHub and GitLab: each step's script as a runner's shell runs it.

It is run in a project that ``harness init`` made. pip and ``gh`` are left out: a stand-in on the
path writes down what it was asked.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from harness.cli import main
from harness.records.runs import read_run
from tests.hub_cache import cached
from tests.models import ROOT
from tests.project import clean_environment

WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/gate.yml").read_text("utf-8"))
STEPS = WORKFLOW["jobs"]["gate"]["steps"]
JOB = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text("utf-8"))["gate"]
KEPT = "kept-on-the-main-branch"
"""The run that the baseline was saved of."""
CASES = 150
"""Enough for a pass where no case flips."""
ADAPTER = "models/tiny-qwen2-adapter"
MODULES = {"python": "", "pytest": "-m pytest -p harness.pytest_plugin", "harness": "-m harness"}
STAND_IN = """\
#!/bin/sh
case "$*" in
  "-m pip install "*) echo "$@" >> "$ASKED" ;;
  *) exec "{python}" {what} "$@" ;;
esac
"""
GH = '#!/bin/sh\necho "$@" >> "$ASKED"\n'
EXPRESSIONS = {
    "github.run_id": "7",
    "github.run_attempt": "1",
    "github.token": "token",
    "github.event.pull_request.number": "12",
    "vars.PIP_EXTRA_INDEX_URL": "",
    "secrets.HF_TOKEN": "",
}
"""What a runner puts in their place."""


@dataclass(frozen=True)
class Runner:
    """A clean directory, and what a job finds on the path."""

    folder: Path
    tools: Path
    store: Path

    @property
    def asked(self) -> Path:
        """What pip and ``gh`` were asked."""
        return self.folder.parent / "asked"

    def run(self, script: str, **environment: str) -> tuple[int, str]:
        """Exit code and output of a step's script, in the shell that GitHub takes."""
        done = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=self.folder,
            env=clean_environment(
                PATH=f"{self.tools}{os.pathsep}{os.environ['PATH']}",
                HARNESS_STORE=str(self.store),
                ASKED=str(self.asked),
                **environment,
            ),
            capture_output=True,
            text=True,
            timeout=600,
        )
        return done.returncode, f"{script}\n{done.stdout}\n{done.stderr}"

    def done(self, script: str, **environment: str) -> str:
        code, said = self.run(script, **environment)
        assert code == 0, said
        return said


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """The project as its main branch has it: with a baseline, and without runs."""
    above = tmp_path_factory.mktemp("made")
    tools = above / "tools"
    tools.mkdir()
    texts = {n: STAND_IN.format(python=sys.executable, what=w) for n, w in MODULES.items()}
    for name, text in {**texts, "gh": GH}.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    runner = Runner(above / "project", tools, above / "store")
    for service in ("github", "gitlab"):
        assert (
            CliRunner().invoke(main, ["init", str(runner.folder), "--ci", service]).exit_code == 0
        )
    keep_cases(runner.folder, CASES)
    # A missed budget is 1: on a busy machine the time of an answer has one.
    runner.done(
        f"pytest suites --run-id {KEPT} || [ $? -eq 1 ]; harness baseline save main --texts"
    )
    shutil.rmtree(runner.folder / "reports/runs")
    return runner


def keep_cases(folder: Path, count: int) -> None:
    cases = folder / "tasks/json_extraction/cases.jsonl"
    lines = cases.read_text("utf-8").splitlines(keepends=True)
    cases.write_text("".join(lines[:count]), "utf-8")


@pytest.fixture
def runner(made: Runner, tmp_path: Path) -> Runner:
    """A fresh checkout."""
    shutil.copytree(made.folder, tmp_path / "project")
    return Runner(tmp_path / "project", made.tools, made.store)


def filled(value: object) -> str:
    """A value of the workflow with its expressions filled in."""
    return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: EXPRESSIONS[found[1]], str(value))


def holds(condition: str, environment: Mapping[str, str], folder: Path) -> bool:
    """The value of a step's ``if``, for a pull request of the repository itself."""
    for part in condition.split(" && "):
        if found := re.fullmatch(r"env\.(\w+) == '(\w+)'", part):
            is_so = environment[found[1]] == found[2]
        elif found := re.fullmatch(r"hashFiles\('(.*)'\) != ''", part):
            is_so = any(folder.glob(found[1]))
        else:
            assert part in (
                "always()",
                "github.event.pull_request.head.repo.full_name == github.repository",
            )
            is_so = True
        if not is_so:
            return False
    return True


def scripts(runner: Runner, **given: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Name, script and environment of each step that is run, once the one before it was."""
    environment = {k: filled(v) for k, v in WORKFLOW["env"].items()} | given
    summary = str(runner.folder.parent / "summary.md")
    for step in STEPS:
        is_run = "run" in step and holds(step.get("if", "always()"), environment, runner.folder)
        if is_run:
            own = {k: filled(v) for k, v in step.get("env", {}).items()}
            more = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": summary}
            yield step["name"], step["run"], {**environment, **own, **more}


def step(name: str) -> dict[str, Any]:
    return next(step for step in STEPS if step.get("name") == name)


@pytest.mark.slow
def test_the_steps_for_github_gate_a_fresh_checkout(runner):
    names = []
    for name, script, environment in scripts(runner):
        runner.done(script, **environment)
        names.append(name)
    assert names == [
        "Set up", "Run the suites", "Gate", "Keep the ledger", "Make the page", "Comment",
    ]  # fmt: skip
    assert runner.asked.read_text().splitlines() == [
        "-m pip install -r requirements.txt",
        "pr comment 12 --body-file comment.md --edit-last",
    ]
    page = (runner.folder / "report.html").read_text("utf-8")
    assert KEPT in page
    assert "gate-7-1" in page
    assert "PASS" in (runner.folder.parent / "summary.md").read_text("utf-8")
    uploaded = step_of("actions/upload-artifact@v4")["with"]["path"].split()
    assert [path for path in uploaded if not (runner.folder / path).exists()] == []


def step_of(action: str) -> dict[str, Any]:
    return next(step for step in STEPS if step.get("uses") == action)


@pytest.mark.slow
def test_a_worse_model_fails_the_check_and_is_told(runner):
    """The base in the adapter's place; the page, the comment and the ledger are there all the
    same."""
    failed = []
    for name, script, environment in scripts(runner, MODEL="base:models/tiny-qwen2"):
        code, _ = runner.run(script, **environment)
        failed += [(name, code)] if code else []
    assert failed == [("Gate", 1)]
    assert "REGRESSION" in (runner.folder / "comment.md").read_text("utf-8")
    assert "REGRESSION" in (runner.folder / "report.html").read_text("utf-8")
    assert (runner.folder / "ledger.jsonl").is_file()


def judged(runner: Runner, **given: str) -> str:
    """The model that the suites judge, after the steps before."""
    for name, script, environment in scripts(runner, **given):
        if name in ("Train the adapter", "Run the suites"):
            runner.done(script, **environment)
    (model,) = read_run(runner.folder / "reports/runs/gate-7-1").models
    assert model.error is None
    return model.ref


@pytest.mark.slow
def test_an_adapter_that_a_training_job_uploaded_is_judged(runner):
    keep_cases(runner.folder, 2)
    fetched = step("Fetch the adapter")
    assert fetched["if"] == "env.ADAPTER == 'artifact'"
    (runner.folder / ADAPTER).rename(runner.folder / "adapter")
    (runner.folder / "out").mkdir()
    (runner.folder / "adapter").rename(runner.folder / fetched["with"]["path"])
    ref = f"adapter:{fetched['with']['path']}"
    assert judged(runner, ADAPTER="artifact", MODEL=ref) == "adapter:out/adapter"


@pytest.mark.slow
def test_an_adapter_of_the_hub_is_judged(runner):
    keep_cases(runner.folder, 2)
    cached(runner.folder.parent / "home", "acme/adapter", runner.folder / ADAPTER)
    shutil.rmtree(runner.folder / ADAPTER)
    hub = {"HF_HOME": str(runner.folder.parent / "home"), "HF_HUB_OFFLINE": "1"}
    ref = "adapter:acme/adapter@main"
    assert judged(runner, ADAPTER="hub", MODEL=ref, **hub) == ref


@pytest.mark.slow
def test_an_adapter_that_the_job_trains_is_judged(runner):
    keep_cases(runner.folder, 2)
    recipe = runner.folder / WORKFLOW["env"]["RECIPE"]
    text, count = re.subn(r"max_steps: \d+", "max_steps: 2", recipe.read_text("utf-8"))
    assert count == 1
    recipe.write_text(text, "utf-8")
    ref = "adapter:out/json_extraction"
    assert judged(runner, ADAPTER="train", MODEL=ref) == ref


def test_an_adapter_in_git_lfs_is_checked_out():
    assert step_of("actions/checkout@v4")["with"] == {"lfs": "${{ env.ADAPTER == 'lfs' }}"}


def job(runner: Runner, **given: str) -> tuple[tuple[int, str], tuple[int, str]]:
    """What the job's script and what comes after it end with, of the file that the project has."""
    written = yaml.safe_load((runner.folder / ".gitlab-ci.yml").read_text("utf-8"))["gate"]
    assert written == JOB, "it has one home"
    ids = {"CI_PIPELINE_ID": "1", "CI_JOB_ID": "2", "CI_PROJECT_DIR": str(runner.folder)}
    variables = {k: Template(str(v)).safe_substitute(ids) for k, v in JOB["variables"].items()}
    environment = {**variables, **ids, **given}
    judged = runner.run("\n".join([*JOB["before_script"], *JOB["script"]]), **environment)
    return judged, runner.run("\n".join(JOB["after_script"]), **environment)


@pytest.mark.slow
def test_the_job_for_gitlab_gates_a_fresh_checkout(runner):
    for code, said in job(runner):
        assert code == 0, said
    assert runner.asked.read_text() == "-m pip install -r requirements.txt\n"
    paths = [*JOB["artifacts"]["paths"], *JOB["artifacts"]["reports"]["junit"]]
    assert [path for path in paths if not (runner.folder / path).exists()] == []
    page = (runner.folder / "report.html").read_text("utf-8")
    assert KEPT in page
    assert "gate-1-2" in page


@pytest.mark.slow
def test_a_worse_model_fails_the_job_for_gitlab(runner):
    (code, said), (after, _) = job(runner, MODEL="base:models/tiny-qwen2")
    assert (code, after) == (1, 0), said
    assert "REGRESSION" in (runner.folder / "comment.md").read_text("utf-8")
    assert "REGRESSION" in (runner.folder / "report.html").read_text("utf-8")
