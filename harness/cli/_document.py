"""``--json``: what a command found, as one JSON document on standard output.

Everything else that such a command says goes to standard error, and its exit codes stay.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
VERSION = 1
"""Version of the documents' form: keys may be added to it; where one goes or changes, it rises."""


def json_option(command: Command) -> Command:
    """Add the flag ``--json``."""
    return click.option("--json", "is_json", is_flag=True, help="Print one JSON document.")(command)


def say_document(values: Mapping[str, Any], command: str | None = None) -> None:
    """Print the document of a command, whose name is that of the running one if left out.

    Numbers are finite. Paths are written as text, dates as RFC 3339.
    """
    from harness.report.console.output import say_json

    document = {"version": VERSION, "command": command or _running(), **values}
    say_json(json.dumps(document, indent=2, allow_nan=False, default=str) + "\n")


def _running() -> str:
    """The name of the running command below ``harness``: ``baseline list``."""
    context, names = click.get_current_context(), list[str]()
    while context.parent is not None:
        names.append(context.info_name or "")
        context = context.parent
    return " ".join(reversed(names))
