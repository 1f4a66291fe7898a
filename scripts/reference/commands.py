"""Every command of ``harness``, from click."""

from collections.abc import Iterator

import click

from harness.cli import main
from scripts.reference.markdown import in_code, paragraphs, table

INTRODUCTION = """\
# Commands

Every command, argument and option of `harness`, as `--help` has them. Exit codes are
[here](exit-codes.md), the options of `pytest suites/`
[here](pytest.md).
"""


def commands() -> Iterator[tuple[str, click.Command]]:
    """Each command that does something, by the words that call it."""
    yield from _below(main, click.Context(main, info_name="harness"))


def _below(group: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(group, click.Group):
        yield context.command_path, group
        return
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, "it is listed"
        yield from _below(command, click.Context(command, info_name=name, parent=context))


def page() -> str:
    found = dict(commands())
    listed = table(
        ("command", "does"),
        ((f"[`{path}`](#{path.replace(' ', '-')})", _first(c)) for path, c in found.items()),
    )
    return "\n".join([INTRODUCTION, listed, "", *(_section(p, c) for p, c in found.items())])


def _first(command: click.Command) -> str:
    return in_code(command.get_short_help_str(limit=200))


def _section(path: str, command: click.Command) -> str:
    context = click.Context(command, info_name=path)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    rows = [record for p in command.params if (record := _row(p, context))]
    options = table(("option", "meaning"), rows) if rows else "It has no options."
    return f"## {path}\n\n```\n{usage}\n```\n\n{paragraphs(command.help or '')}\n\n{options}\n"


def _row(parameter: click.Parameter, context: click.Context) -> tuple[str, str] | None:
    record = parameter.get_help_record(context)
    if record is None:
        return None
    return f"`{record[0]}`", in_code(record[1]).replace("*", "\\*")
