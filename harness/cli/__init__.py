"""The ``harness`` command: one subcommand per file, found by its name.

``harness/cli/report.py`` answers ``harness report`` with its ``command``. A subcommand's file
imports nothing heavy at its top, so that ``harness --help`` stays quick.
"""

import importlib
import pkgutil

import click

from harness import __version__
from harness.core.errors import HarnessError

USAGE = 2
"""Exit code for a mistake in what the user typed or pointed at."""


class Subcommands(click.Group):
    """A group whose commands are the modules of this package."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"{__name__}.{name}").command
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the subcommand; a HarnessError becomes a line for each mistake, and exit code 2."""
        try:
            return super().invoke(ctx)
        except HarnessError as error:
            for mistake in error.mistakes:
                click.echo(f"harness: {mistake}", err=True)
            raise SystemExit(USAGE) from None


@click.command(cls=Subcommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="harness")
def main() -> None:
    """Prove that a fine-tuned small language model behaves, and stays that way.

    The suites themselves run under pytest: pytest suites/ --model adapter:out/
    """
