"""Text of a record names no folder of this machine, and is read again where it was written."""

from pathlib import Path

import pytest

from harness.core.modelref import ModelRef
from harness.core.portable import command_line, expanded, portable


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home/ada"
    (home / "project").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home / "project")
    return home / "project"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{home}/project/out", "out"),
        ("{home}/project", "."),
        ("{home}/project/", "./"),
        ("{home}/projects/out", "~/projects/out"),
        ("{home}", "~"),
        ("{home}-two/x", "{home}-two/x"),
        (
            "a '{home}/project/x.json': not there, nor '{home}/y'",
            "a 'x.json': not there, nor '~/y'",
        ),
        ("file://{home}/y", "file://~/y"),
        ("--tasks-dir={home}/project/tasks", "--tasks-dir=tasks"),
        ("/mnt{home}/x", "/mnt{home}/x"),
        ("Qwen/Qwen2.5-0.5B", "Qwen/Qwen2.5-0.5B"),
    ],
)
def test_neither_the_project_nor_the_home_is_named(project: Path, text: str, told: str) -> None:
    home = str(project.parent)
    assert portable(text.replace("{home}", home)) == told.replace("{home}", home)


def test_a_ref_is_opened_where_it_was_meant_and_told_without_the_home(project: Path) -> None:
    home = project.parent
    ref = ModelRef.parse(f"adapter:{home}/out+base={project}/base")
    assert str(ref) == "adapter:~/out+base=base"
    again = ModelRef.parse(str(ref))
    assert Path(again.location) == home / "out"
    assert Path(again.option("base") or "").absolute() == project / "base"
    assert str(again) == str(ref)
    assert expanded("~ada") == "~ada"


def test_a_command_is_what_is_typed(project: Path) -> None:
    assert command_line("pytest", [f"{project}/suites", "-q"]) == ("pytest", "suites", "-q")
