"""pytest's output in a session with behaviors: nothing from outside commands what shows it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import Project, clean_environment, json_project

COLOR = re.compile(r"\x1b\[[0-9;]*m")
EVIL = "a\x1b[2J\x1b[8m\u202e\r\n::error::pwned\n ::set-env name=x::1\n##[error]pwned ##vso[task.x]"
SUITE = """
import warnings

def test_bare(completion):
    print(completion.text)
    warnings.warn(completion.text)
    assert completion.text == "else", completion.text

def test_crash(completions):
    raise ValueError(completions[0].text)

def test_skip(completions):
    import pytest
    pytest.skip(completions[0].text)

def test_fail(completions):
    import pytest
    pytest.fail(completions[0].text, pytrace=False)
"""


def commands(text: str) -> list[str]:
    """The lines that a workflow's runner would obey, and those that hold an invisible character."""
    bare = COLOR.sub("", text)
    wrong = [x for x in bare.split("\n") if x.lstrip().startswith("::") or re.search(r"##\w*\[", x)]
    return wrong + [x for x in bare.split("\n") if re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", x)]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = json_project(tmp_path)
    project.suite(SUITE)
    return project


@pytest.mark.parametrize(
    "options",
    [("-rA", "--color=no"), ("-rA", "--color=yes", "-vv"), ("--per-case", "--tb=long", "-l"),
     ("--tb=native",), ("--tb=line", "-q"), ("-rA", "--junitxml=junit.xml")],
)  # fmt: skip
def test_no_answer_commands_what_shows_it(project: Project, options: tuple[str, ...]) -> None:
    outcome = project.pytest("suites", "--model", project.store(EVIL), *options)
    assert outcome.code == 1
    assert "pwned" in outcome.out
    assert commands(outcome.out) == []
    assert commands(outcome.err) == []
    hidden = "\x1b[8m", "\x1b[2J"
    assert not any(sequence in outcome.out for sequence in hidden)
    if (junit := project.root / "junit.xml").is_file():
        assert commands(junit.read_text("utf-8")) == []


def test_no_case_id_nor_template_commands_either(project: Project) -> None:
    project.task("echo", words=["ant", EVIL])
    stored = project.store({"ant": "x", EVIL: EVIL})
    for options in ((), ("--per-case", "-v")):
        outcome = project.pytest("suites", "--model", stored, *options)
        assert outcome.code == 1
        assert commands(outcome.out + outcome.err) == []


def test_a_mistake_that_quotes_a_file_is_a_line(project: Project) -> None:
    stored = project.store()
    project.write("tasks/echo/task.yaml", 'description: x\n"a\\n::error::pwned\\e[2J##[x]": 1\n')
    outcome = project.pytest("suites", "--model", stored)
    assert outcome.code == 4
    assert "pwned" in outcome.err
    assert commands(outcome.out + outcome.err) == []


def test_colors_of_pytest_s_own_stay(project: Project) -> None:
    outcome = project.pytest("suites", "--model", project.store(), "--color=yes")
    assert "\x1b[31m" in outcome.out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("options", [("-q",), ("-q", "--tb=no", "-s")])
def test_a_full_output_loses_nothing_but_itself(project: Project, options: tuple[str, ...]) -> None:
    """Once the session has begun: the header of a longer output is pytest's own affair."""
    arguments = ("suites", "--model", project.store(), *options)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "harness.pytest_plugin", *arguments],
            cwd=project.root,
            env=clean_environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    said = "harness: standard output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (74, said)
    assert project.run().status == "complete"


def test_an_output_that_is_no_longer_read_loses_nothing_but_itself(project: Project) -> None:
    arguments = ("suites", "--model", project.store(), "-v")
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "harness.pytest_plugin", *arguments],
        cwd=project.root,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert any("collected" in line for line in iter(process.stdout.readline, ""))
        process.stdout.close()
        said = process.stderr.read()
        assert (process.wait(), said) == (
            74,
            "harness: standard output cannot be written: Broken pipe\n",
        )
    assert project.run().status == "complete"
