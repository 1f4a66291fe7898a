"""Only the disk keeps a record from being written; the tables are printed all the same."""

import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.core.modelref import ModelRef
from harness.core.record import ModelRecord
from harness.engine.events import ModelOpened
from harness.plugin import record
from harness.plugin.record import RecordWriter
from harness.records.runs import run_ids
from harness.run.preflight import PreflightResult
from tests.models import TINY_QWEN2
from tests.project import GOOD, Project, clean_environment, json_project

MODEL = ("--model", f"base:{TINY_QWEN2}", "--device", "cpu", "--threads", "1")
KILLER = """
import os, signal

def test_killer(completion):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return json_project(tmp_path)


ODD = """
import enum
import numpy
from harness import check
from harness.core.verdict import FailureCode, Outcome, Verdict

class Odd(str):
    def __str__(self): raise RuntimeError
    def __format__(self, spec): return "formatted"
    def __eq__(self, other): return True
    __hash__ = str.__hash__

class Numpy:
    def judge(self, case, completion):
        return Verdict.failed(FailureCode.SYNTAX, "x", tuple(numpy.array([0, 1])))

class Text:
    def judge(self, case, completion):
        return Verdict.failed("syntax", Odd("odd \\ud800"), None, Odd("near"))

class Outside:
    def judge(self, case, completion):
        return Verdict.failed(FailureCode.SYNTAX, "x", (0, 10_000))

def test_numpy(completion, task): check(Numpy(), completion, task)
def test_text(completion, task): check(Text(), completion, task)
def test_outside(completion, task): check(Outside(), completion, task)
"""


def test_odd_verdicts_are_recorded_or_refused(project: Project) -> None:
    project.suite(ODD)
    outcome = project.pytest("suites", "--model", project.store())
    assert outcome.code == 1
    assert "lies outside the completion, which has" in outcome.out
    assert "record: reports/runs/" in outcome.out
    verdicts = project.run().samples[0].verdicts
    assert verdicts["numpy"].span == (0, 1)
    assert (verdicts["text"].reason, verdicts["text"].nearest) == ("odd \ud800", "near")
    assert "outside" not in verdicts


MEASURED = """
from types import SimpleNamespace
import numpy, pytest

@pytest.fixture
def energy():
    return SimpleNamespace(measured={})

def test_energy(completions, energy): pass
"""


@pytest.mark.parametrize(
    ("values", "measured"),
    [
        ("{'joules': numpy.float32(2), 'watts': numpy.int64(3)}", {"joules": 2.0, "watts": 3.0}),
        ("{'joules': float('inf')}", None),
        ("{'joules': numpy.float64('nan')}", None),
        ("{'joules': '1'}", None),
        ("{'joules': 10 ** 400}", None),
        ("{'joules': numpy.array([1, 2])}", None),
    ],
)
def test_what_a_user_measures_is_a_number_or_a_line(
    project: Project, values: str, measured: dict[str, float] | None
) -> None:
    project.suite(MEASURED.replace("{}", values))
    outcome = project.pytest("suites/test_own.py", "--model", project.store())
    (result,) = (r for r in project.run().results if r.behavior == "energy")
    assert outcome.code == (0 if measured else 1)
    assert result.measured == (measured or {})
    if not measured:
        assert "measured['joules']: " in outcome.out
        assert "is no finite number" in result.reason


@pytest.mark.parametrize("budget", ["float('inf')", "float('nan')", "'1'", "-1"])
def test_a_marks_budget_that_is_no_rate_is_a_line(project: Project, budget: str) -> None:
    project.suite(
        f"import pytest\n@pytest.mark.behavior(budget={budget})\ndef test_own(completion): pass\n"
    )
    outcome = project.pytest("suites", "--model", project.store())
    assert "is no rate from 0 to 1" in outcome.out
    assert project.run().results


@pytest.mark.parametrize(
    ("raises", "code", "told"),
    [
        ("OSError(28, 'No space left')", 4, "reports/runs: No space left"),
        ("TypeError('odd')", 3, "bug, the record was not written: TypeError: odd"),
    ],
)
def test_table_and_failures_are_printed_though_the_record_is_not(
    project: Project, raises: str, code: int, told: str
) -> None:
    project.write("conftest.py", (
        "from harness.plugin import record\n"
        f"def write_run(*arguments): raise {raises}\n"
        "record.write_run = write_run\n"
    ))  # fmt: skip
    outcome = project.pytest("suites", "--model", project.store("no JSON"))
    assert outcome.code == code
    assert told in outcome.err
    assert "json_validity: 0 of 4 completions pass" in outcome.out
    assert "- behaviors -" in outcome.out
    assert "2 failed" in outcome.out


def test_tables_are_printed_though_a_users_hook_fails(project: Project) -> None:
    project.write("conftest.py", "def pytest_harness_run_finished(record):\n    1 / 0\n")
    outcome = project.pytest("suites", "--model", project.store("no JSON"))
    assert outcome.code not in (0, 5)
    assert "- behaviors -" in outcome.out
    assert "2 failed" in outcome.out


def test_record_and_page_name_no_folder_of_the_machine(tmp_path: Path) -> None:
    home = tmp_path / "home/ada"
    project = json_project(home / "project")
    model = "record:" + str(project.root / project.store("no JSON").removeprefix("record:"))
    outcome = project.pytest(
        str(project.root / "suites"), "--model", model, "--report-dir",
        str(project.root / "reports/runs"), HOME=str(home),
    )  # fmt: skip
    assert outcome.code == 1
    record = project.run()
    assert record.command[0] == "pytest"
    assert "suites" in record.command
    assert record.models[0].ref == "record:stored/stored"
    folder = project.root / "reports/runs" / record.id
    subprocess.run(
        [sys.executable, "-m", "harness", "report", str(folder)],
        cwd=project.root, env=clean_environment(HOME=str(home)), check=True, timeout=120,
    )  # fmt: skip
    for file in ("run.json", "samples.jsonl", "report.html"):
        text = (folder / file).read_text("utf-8")
        assert str(home) not in text, file
        assert sys.executable.rpartition("/")[0] not in text, file


def test_the_outline_is_written_once_for_each_model_however_often_it_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that is timed in turns opens for every request."""
    written: list[object] = []
    monkeypatch.setattr(record, "write_outline", lambda outline, root: written.append(outline))
    session: Any = SimpleNamespace(
        options=SimpleNamespace(report_dir=tmp_path),
        the_run=SimpleNamespace(outline=lambda command: "outline"),
    )
    writer = RecordWriter(session, PreflightResult(), command=())
    for name in "abab":
        ref = ModelRef("base", name)
        writer._outline(ModelOpened(ref, ModelRecord(str(ref), "base", name)))
    assert len(written) == 2


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose session was killed while a behavior judged its first answer."""
    project = Project(tmp_path_factory.mktemp("killed"))
    project.suite(KILLER)
    assert project.pytest("suites", *MODEL).code == -signal.SIGKILL
    return project


def test_a_killed_session_leaves_its_models_and_its_plan(killed: Project) -> None:
    (run,) = killed.runs()
    assert (run.status, run.samples, run.results) == ("partial", (), ())
    assert run.models[0].weights_sha256
    assert run.command
    assert run.environment["harness"]


def test_a_killed_session_is_never_a_pass(killed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(killed.root)
    done = CliRunner().invoke(main, ["gate", "latest", "latest"])
    assert done.exit_code == 11
    assert "was interrupted, run it to its end" in done.output


def test_a_killed_session_has_nothing_to_replay(killed: Project) -> None:
    (run_id,) = run_ids(killed.root / "reports/runs")
    done = killed.pytest("suites", "--model", f"record:{run_id}")
    assert done.code == 4
    assert "which are in the store: run its command again" in done.err


def test_a_replayed_run_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.suite(KILLER)
    assert project.pytest("suites", "--model", project.store(GOOD)).code == -signal.SIGKILL
    assert project.runs() == []


@pytest.mark.slow
@pytest.mark.parametrize("is_stored", [True, False])
def test_a_disk_that_fills_up_before_the_record_says_where_the_answers_are(
    tmp_path: Path, is_stored: bool
) -> None:
    """No file may grow beyond 1,500 bytes, by the system's own limit, once all is answered."""
    project = Project(tmp_path)
    project.bundled_suite("test_json_validity.py")
    project.write("conftest.py", (
        "import resource\n"
        "def pytest_runtest_teardown():\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, resource.RLIM_INFINITY))\n"
    ))  # fmt: skip
    store = {"HARNESS_STORE": str(tmp_path / "store") if is_stored else "false"}
    done = project.pytest("suites", *MODEL, "-p", "no:cacheprovider", **store)
    assert done.code not in (0, 1), done.out
    told = "; its answers are in the store, the same command takes them from there"
    assert f"File too large{told if is_stored else ''}\n" in done.out + done.err
    assert [run.status for run in project.runs()] == ["partial"]
    (tmp_path / "conftest.py").unlink()
    again = project.pytest("suites", *MODEL, **store)
    assert ("4 of 4 answers from the store" in again.out) is is_stored
