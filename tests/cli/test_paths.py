"""Every path of a command may begin with the home folder, also where the shell leaves it alone."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.cli._paths import PathType


def parameters(command: click.Command) -> Iterator[click.Parameter]:
    yield from command.params
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        yield from parameters(below)


def test_every_path_is_of_the_type_that_expands() -> None:
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        for param in parameters(command):
            assert not isinstance(param.type, click.Path) or isinstance(param.type, PathType), param


def test_a_folder_below_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    done = CliRunner().invoke(main, ["history", "x", "--report-dir=~/runs"])
    assert done.exit_code == 2
    assert "~" not in done.stderr
    assert CliRunner().invoke(main, ["init", "~/new"]).exit_code == 0
    assert (tmp_path / "new/suites").is_dir()


def test_a_project_is_found_from_a_folder_below_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CliRunner().invoke(main, ["init", str(tmp_path)]).exit_code == 0
    monkeypatch.chdir(tmp_path / "suites")
    done = CliRunner().invoke(main, ["doctor", "adapter:../models/tiny-qwen2-adapter"])
    assert "nothing is wrong with its files" in done.output
    done = CliRunner().invoke(main, ["doctor"])
    assert "1 in ../tasks" in done.output
    done = CliRunner().invoke(main, ["gate", "main", "latest"])
    assert "../reports/" in done.stderr
