"""``harness replay``, over stored answers: another stored run is the model that is asked."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from tests.project import GOOD, Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path)
    project.store(GOOD, "first")
    project.store({"ant": "Sure! " + GOOD, "bee": "\x1b[2J ::error::x"}, "second")
    return project


def replay(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["replay", *arguments, "--report-dir", "stored"])


def test_the_same_answer_is_said_to_be_the_same(project: Project) -> None:
    result = replay("first", "ant", "--model", "record:stored/first")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "case ant of echo, run first",
        "  before  base:somewhere",
        "  after   record:stored/first",
        "  before  13 characters, 0 tokens, ended by itself",
        "  after   13 characters, 0 tokens, ended by itself",
        f"The same, character by character: {GOOD}",
    ]


def test_what_changed_is_marked(project: Project) -> None:
    result = replay("first", "ant", "--model", "record:stored/second")
    assert result.output.splitlines()[-1] == f"Different: {{+Sure! +}}{GOOD}"


def test_a_hostile_answer_is_only_shown(project: Project) -> None:
    result = replay("first", "bee", "--model", "record:stored/second")
    assert result.exit_code == 0
    assert "\x1b" not in result.output
    assert "::" not in result.output


def test_no_answer_is_exit_code_1(project: Project) -> None:
    result = replay("first", "cat", "--model", "record:stored/second")
    assert result.exit_code == 1
    assert "no completion: the stored run has no completion for this case" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["first", "cow"], "case 'cow': not in run first"),
        (["first", "ant", "--task", "else"], "case 'ant' of task else: not in run first"),
        (["first", "ant"], "--model base:somewhere: "),
        (["first", "ant", "--model", "x"], "expected kind:location"),
        (["third", "ant"], "run 'third'"),
    ],
)
def test_mistakes_are_exit_code_2(project: Project, arguments: list[str], message: str) -> None:
    result = replay(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output
