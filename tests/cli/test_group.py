"""A mistyped command is told which one was meant, nested ones too."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from harness.cli import main
from tests.models import ROOT
from tests.patience import PATIENCE
from tests.project import clean_environment

SLOW = ("packaging", "urllib.request", "pydantic", "yaml", "rich", "numpy", "jsonschema", "pytest")
"""Packages that take tens of milliseconds to import."""


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["reprot"], "no command 'reprot', did you mean 'report'?"),
        (["task", "chekc"], "no command 'chekc', did you mean 'check'?"),
        (["baseline", "sav"], "no command 'sav', did you mean 'save'?"),
        (["quux"], "no command 'quux', harness --help lists all"),
        (["store", "quux"], "no command 'quux', harness store --help lists all"),
    ],
)
def test_an_unknown_command(typed: list[str], said: str) -> None:
    done = CliRunner().invoke(main, typed, prog_name="harness")
    assert done.exit_code == 2
    assert done.stderr == f"harness: {said}\n"


def test_every_group_suggests() -> None:
    context = click.Context(main)
    commands = [main.get_command(context, name) for name in main.list_commands(context)]
    groups = [command for command in commands if isinstance(command, click.Group)]
    assert len(groups) >= 6
    assert {type(group).__name__ for group in groups} == {"Group"}


def test_a_listing_cuts_no_sentence() -> None:
    done = CliRunner().invoke(main, ["--help"], terminal_width=80)
    assert "..." not in done.output.partition("Commands:")[2]
    assert max(map(len, done.output.splitlines())) <= 80


def test_a_listing_imports_nothing_slow() -> None:
    program = (
        "import sys\nfrom harness.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit as end: assert not end.code\n"
        f"print('slow:', *[m for m in {SLOW!r} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert "Commands:" in done.stdout
    assert done.stdout.splitlines()[-1] == "slow:"
