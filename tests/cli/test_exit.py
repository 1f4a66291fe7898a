"""Exit codes of the command line: a command's own come from what it decided, never from a fault."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from harness.cli import _exit, main
from harness.core.errors import HarnessError
from tests.models import ROOT
from tests.project import clean_environment

RECORDS = ROOT / "fixtures/records"
WORSE = (str(RECORDS / "adapter.json"), str(RECORDS / "under_trained.json"))


def run_raising(error: BaseException, monkeypatch: pytest.MonkeyPatch, name: str) -> Result:
    def fail() -> None:
        raise error

    monkeypatch.setattr(main, "get_command", lambda ctx, name: click.Command(name, callback=fail))
    return CliRunner().invoke(main, [name])


@pytest.mark.parametrize("name", main.list_commands(click.Context(main)))
def test_what_nobody_expected_is_a_line_and_70_in_every_command(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HARNESS_TRACEBACK", raising=False)
    result = run_raising(KeyError("a\n::error::b"), monkeypatch, name)
    assert result.exit_code == _exit.BUG == 70
    (line,) = result.stderr.splitlines()
    assert line.startswith("harness: bug: KeyError: ")
    assert "HARNESS_TRACEBACK=1 shows more" in line
    assert result.stdout == ""


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_refuses_is_no_fault_of_ours(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = OSError(number, os.strerror(number), "reports/runs")
    result = run_raising(refusal, monkeypatch, "parity")
    said = f"harness: reports/runs: {os.strerror(number)}, mend that and run it again\n"
    assert (result.exit_code, result.stderr) == (_exit.USAGE, said)


def test_the_traceback_is_shown_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_TRACEBACK", "1")
    result = run_raising(ZeroDivisionError("x"), monkeypatch, "gate")
    assert result.exit_code == 70
    assert "Traceback (most recent call last):" in result.stderr


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (HarnessError("a: b", "c: d\n##[error]"), 2, "harness: a: b\nharness: c: d␊## [error]\n"),
        (KeyboardInterrupt(), 130, "harness: interrupted\n"),
        (click.Abort(), 130, "harness: interrupted\n"),
        (click.FileError("x", "gone"), 2, "Error: Could not open file 'x': gone\n"),
        (SystemExit(11), 11, ""),
        (RecursionError("deep"), 70, None),
        (MemoryError(), 70, None),
    ],
)
def test_each_kind_of_end_has_its_code(
    error: BaseException, code: int, line: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run_raising(error, monkeypatch, "gate")
    assert result.exit_code == code
    assert line is None or result.stderr.lstrip() == line


def gate(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The gate over a regression, its standard output as the shell's ``script`` has it."""
    command = [sys.executable, "-m", "harness", "gate", *WORSE]
    return subprocess.run(
        ["bash", "-c", f'"$@" {script}', "bash", *command],
        cwd=folder,
        env=clean_environment(),
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
    )


def test_a_regression_is_1(tmp_path: Path) -> None:
    done = gate("> out", tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert (tmp_path / "out").read_text("utf-8").startswith("REGRESSION on these 64 wordings: ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (">&-", "it is closed"),
        ("> /dev/full", "No space left on device"),
        ("--json > /dev/full", "No space left on device"),
        ("> >(exec true; sleep 9); exit $?", "Broken pipe"),
    ],
)
def test_an_output_that_does_not_arrive_is_no_regression(
    tmp_path: Path, script: str, reason: str
) -> None:
    done = gate(script, tmp_path)
    assert done.returncode == _exit.OUTPUT_LOST == 74
    assert done.stderr == f"harness: standard output cannot be written: {reason}\n"


def test_nothing_is_said_where_both_are_closed(tmp_path: Path) -> None:
    assert gate(">&- 2>&-", tmp_path).returncode == 74
    assert gate("2>&- > out", tmp_path).returncode == 1


@pytest.mark.parametrize("command", [["runs"], ["init"], ["gate", "a", "b"]])
def test_a_folder_that_was_removed_is_a_line(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 2
    assert result.stderr == "harness: the folder that you are in was removed, go to another\n"
