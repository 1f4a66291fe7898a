"""The ``harness`` command: one subcommand per file, found by its name.

``harness/cli/report.py`` answers ``harness report`` with its ``command``. A subcommand's file
imports nothing heavy at its top, so that ``harness --help`` stays quick.
"""

import importlib
import os
import pkgutil
from functools import partial
from typing import Any

import click

from harness import __version__
from harness.cli._exit import exit_code_of
from harness.cli._group import Group

COMPLETION = "_HARNESS_COMPLETE"
"""Set where a shell asks for completions."""


class Subcommands(Group):
    """A group whose commands are the modules of this package."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"{__name__}.{name}").command
        assert isinstance(command, click.Command)
        if COMPLETION in os.environ:
            from harness.cli._completion import complete_values

            complete_values(command)
        return command

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Parse and run, then exit: with a command's own code, or one of ``harness.cli._exit``."""
        if COMPLETION in os.environ:
            import harness.cli._completion  # noqa: F401 - its shells are registered
        run = partial(super().main, *args, standalone_mode=False, **extra)
        if not standalone_mode:
            return run()
        raise SystemExit(exit_code_of(run))


@click.command(cls=Subcommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="harness")
def main() -> None:
    """Prove that a fine-tuned small language model behaves, and stays that way.

    The suites themselves run under pytest: pytest suites/ --model adapter:out/
    """
