"""The bar on a real terminal: it goes away, and pytest's line goes on where it stopped."""

import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.project import Project, clean_environment

SUITE = """\
def test_is_json(completion):
    assert completion.text.startswith("{")
"""
NAME = "suites/test_own.py"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.suite(SUITE)
    return project


def on_a_terminal(project: Project, *arguments: str) -> str:
    """What a pytest session of its own writes to a pseudo-terminal."""
    ours, terminal = pty.openpty()
    command = [sys.executable, "-m", "pytest", "-p", "harness.pytest_plugin", *arguments]
    process = subprocess.Popen(
        command,
        cwd=project.root,
        env=clean_environment(TERM="xterm-256color"),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    written = bytearray()
    with process, suppress(OSError):  # Linux says so that the other end is closed.
        while part := os.read(ours, 1 << 16):
            written += part
    os.close(ours)
    return written.decode()


def plain(said: str) -> str:
    """Without colors and movements of the cursor."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", said)


def test_the_line_that_pytest_had_begun_goes_on(project: Project) -> None:
    said = on_a_terminal(project, "suites", "--model", project.store())
    before, up, after = said.partition(f"\x1b[A\x1b[{len(NAME) + 1}C")
    assert up, said
    assert before.rpartition(NAME)[2].startswith(" \r\n"), "the bar stands on a line of its own"
    assert re.match(r"\. +\[100%\]", plain(after)), plain(after)
    assert "\rcollected 1 item " in plain(before)


@pytest.mark.slow
def test_the_counts_of_xdist_and_pytest_are_written_over_each_other(project: Project) -> None:
    project.suite("def test_sum():\n    assert 1 + 1 == 2\n", "test_other.py")
    said = plain(on_a_terminal(project, "suites", "-n", "1", "--model", project.store()))
    assert "\rready: 1/1 worker" in said.rpartition("\rcollected 2 items")[2]
    assert "\N{SYMBOL FOR CARRIAGE RETURN}" not in said


def test_quiet_draws_no_bar(project: Project) -> None:
    said = on_a_terminal(project, "suites", "-q", "--model", project.store())
    assert "\x1b[A" not in said
    assert "tokens/s" not in said


def test_elsewhere_nothing_is_drawn(project: Project) -> None:
    session = project.pytest("suites", "--model", project.store())
    assert "\x1b" not in session.out + session.err
    assert re.search(rf"{NAME} \. +\[100%\]", session.out)
