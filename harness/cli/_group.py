"""A group of commands that suggests the one that was meant."""

import click

from harness.core.errors import HarnessError
from harness.core.suggestion import did_you_mean

LIMIT = 300
"""Characters of a command's line in a listing; it is folded at words."""


class Group(click.Group):
    """A group whose error for an unknown command names the most similar one, and whose listing
    cuts no sentence."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, known = args[0], self.list_commands(ctx)
        if name in known or name.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        hint = did_you_mean(name, known, f"{ctx.command_path} --help lists all")
        raise HarnessError(f"no command {name!r}, {hint}")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, each with the whole first sentence of its help."""
        found = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        rows = [
            (name, command.get_short_help_str(LIMIT))
            for name, command in found.items()
            if command is not None and not command.hidden
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
