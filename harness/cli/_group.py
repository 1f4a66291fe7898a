"""A group of commands that suggests the one that was meant."""

import click

from harness.core.suggestion import did_you_mean


class Group(click.Group):
    """A group whose error for an unknown command names the most similar one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, known = args[0], self.list_commands(ctx)
        if name in known or name.startswith("-"):
            return super().resolve_command(ctx, args)
        hint = did_you_mean(name, known, f"{ctx.command_path} --help lists all")
        raise click.UsageError(f"no command {name!r}, {hint}", ctx)
