"""What a killed session or a full disk leaves: the answers so far, as a partial run."""

import json
import shutil
import signal
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.core.errors import HarnessError
from harness.core.plan import Request, Sampling
from harness.core.record import RunRecord
from harness.records.journal import Journal, check_space
from harness.records.runs import find_run, read_results, read_run, run_ids, write_run
from tests.models import TINY_QWEN2
from tests.project import GOOD, Project
from tests.synthetic import record

MODEL = ("--model", f"base:{TINY_QWEN2}", "--device", "cpu", "--threads", "1")
KILLER = """
import os, signal

def test_killer(completion):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def run() -> RunRecord:
    return replace(record(6), status="partial", results=())


def journal_of(run: RunRecord, root: Path, answers: int) -> Path:
    """A journal as a session leaves it that is killed after so many answers."""
    journal = Journal(root / run.id, lambda: replace(run, samples=()))
    journal.begin()
    for sample in run.samples[:answers]:
        journal.keep(sample)
    journal.close()
    return root / run.id


def test_the_answers_so_far_are_a_partial_run(tmp_path: Path, run: RunRecord) -> None:
    folder = journal_of(run, tmp_path, 4)
    assert read_run(folder) == replace(run, samples=run.samples[:4])
    assert read_run(folder / "run.partial.json") == read_run(folder)
    assert run_ids(tmp_path) == [run.id]
    assert find_run("latest", tmp_path) == find_run(run.id, tmp_path) == folder
    assert read_results(folder).status == "partial"


def test_a_journal_never_is_a_whole_run(tmp_path: Path, run: RunRecord) -> None:
    """Whatever its head says."""
    folder = journal_of(replace(run, status="complete"), tmp_path, 6)
    assert read_run(folder).status == "partial"
    assert read_results(folder).status == "partial"


def test_a_line_that_was_being_written_is_no_answer(tmp_path: Path, run: RunRecord) -> None:
    file = journal_of(run, tmp_path, 4) / "samples.partial.jsonl"
    whole = file.read_bytes()
    for cut in (1, 200):
        file.write_bytes(whole[:-cut])
        assert read_run(file.parent).samples == run.samples[:3]
    lines = whole.split(b"\n")
    file.write_bytes(b"\n".join([lines[0], lines[1][:-9], *lines[2:]]))
    with pytest.raises(HarnessError, match=r"samples.partial.jsonl:2: "):
        read_run(file.parent)


def test_a_session_that_was_killed_before_any_answer_is_a_run_without_one(
    tmp_path: Path, run: RunRecord
) -> None:
    assert read_run(journal_of(run, tmp_path, 0)).samples == ()


def test_the_whole_record_takes_the_journal_s_place(tmp_path: Path, run: RunRecord) -> None:
    folder = journal_of(run, tmp_path, 6)
    whole = replace(run, status="complete")
    write_run(whole, tmp_path)
    assert sorted(p.name for p in folder.iterdir()) == ["run.json", "samples.jsonl"]
    assert read_run(folder) == whole


def test_a_disk_that_fails_stops_the_journal_and_not_the_run(
    tmp_path: Path, run: RunRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / run.id, lambda: replace(run, samples=()))
    journal.begin()
    journal.keep(run.samples[0])

    class Full:
        def write(self, text: str) -> None:
            raise OSError(28, "No space left on device")

    written = journal._file
    monkeypatch.setattr(journal, "_file", Full())
    journal.keep(run.samples[1])
    monkeypatch.setattr(journal, "_file", written)
    journal.keep(run.samples[2])
    journal.close()
    assert journal.error is not None
    assert read_run(tmp_path / run.id).samples == run.samples[:1]


def test_a_disk_without_room_for_the_prompts_is_found_before_a_model_loads(
    tmp_path: Path, run: RunRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [
        Request(s.task, s.case_id, s.messages, Sampling(), timed=bool(i % 2))
        for i, s in enumerate(run.samples)
    ]
    least = 2 * sum(600 + len(r.messages[0].content) for r in requests if not r.timed)
    usage = namedtuple("usage", ["free"])
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(least))
    check_space(tmp_path / "not" / "there", requests)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(least - 1))
    with pytest.raises(
        HarnessError, match=r"0.0 MB are free, the record takes 0.0 MB at the least"
    ):
        check_space(tmp_path / "not" / "there", requests)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose session was killed while a behavior judged its first answer."""
    project = Project(tmp_path_factory.mktemp("killed"))
    project.bundled_suite("test_json_validity.py")
    project.write("kill/test_killer.py", KILLER)
    assert project.pytest("kill", *MODEL).code == -signal.SIGKILL
    return project


def test_a_killed_session_leaves_its_answers(killed: Project) -> None:
    (run,) = killed.runs()
    assert run.status == "partial"
    assert [s.case_id for s in run.samples] == ["ant", "bee", "cat", "dog"]
    assert all(s.completion.token_ids for s in run.samples)
    assert run.models[0].weights_sha256
    assert run.command
    assert run.environment["harness"]


def test_a_killed_session_is_never_a_pass(killed: Project, monkeypatch) -> None:
    monkeypatch.chdir(killed.root)
    done = CliRunner().invoke(main, ["gate", "latest", "latest"])
    assert done.exit_code == 11
    assert "was interrupted, run it to its end" in done.output


def test_what_a_killed_session_left_can_be_judged(killed: Project) -> None:
    (run_id,) = run_ids(killed.root / "reports/runs")
    done = killed.pytest("suites", "--model", f"record:{run_id}", "--report-dir", "again")
    assert "4 cases" in done.out
    assert [s.verdicts.keys() for s in read_run(find_run("latest", killed.root / "again")).samples]


@pytest.mark.slow
def test_a_disk_that_fills_up_loses_no_answer(tmp_path: Path) -> None:
    """No file may grow beyond 1,500 bytes, by the system's own limit: enough for a few answers."""
    project = Project(tmp_path)
    project.bundled_suite("test_json_validity.py")
    project.write("conftest.py", (
        "import resource\n"
        "from harness.records import journal\n"
        "begin = journal.Journal.begin\n"
        "def then_full(self):\n"
        "    begin(self)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, resource.RLIM_INFINITY))\n"
        "journal.Journal.begin = then_full\n"
    ))  # fmt: skip
    done = project.pytest("suites", *MODEL, "-p", "no:cacheprovider")
    assert done.code not in (0, 1), done.out
    assert "File too large; the answers so far are kept: judge them with --model record:" in (
        done.out + done.err
    )
    (run,) = project.runs()
    assert run.status == "partial"
    assert 0 < len(run.samples) < 4


def test_what_is_replayed_is_not_written_twice(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.suite(KILLER)
    assert project.pytest("suites", "--model", project.store(GOOD)).code == -signal.SIGKILL
    assert project.runs() == []
    assert json.loads((tmp_path / "stored/stored/run.json").read_text())["id"] == "stored"
