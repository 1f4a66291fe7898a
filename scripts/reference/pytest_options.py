"""The options, fixtures, marker and hooks that the plugin adds to pytest."""

import inspect
from collections.abc import Iterator

from _pytest.config.argparsing import Argument, Parser

from harness import pytest_plugin
from harness.plugin import hookspecs
from scripts.reference.markdown import prose, table

INTRODUCTION = """\
# Options of pytest

What the plugin adds to `pytest`. pytest's own options (`-k`, `-x`, `--lf`, `-q`, `--junitxml`,
...) work as everywhere. A mistake in an option, a file
or a model's name is one line and [exit code 4](exit-codes.md), before a model loads.
"""
FIXTURES = (
    "A test that uses one of them is a behavior: it is run for every model and every task that "
    "declares what it needs ([writing a behavior](../writing-a-behavior.md))."
)
MARKER = (
    "`@pytest.mark.behavior(needs=..., budget=...)`: judged on every task that declares what it "
    "needs; the budget is the least pass rate where the task names none."
)


def options() -> Iterator[Argument]:
    """The options, in the order of ``pytest --help``."""
    parser = Parser(_ispytest=True)
    pytest_plugin.pytest_addoption(parser)
    for group in parser._groups:
        yield from group.options


def page() -> str:
    rows = [(_names(option), prose(option.attrs().get("help", ""))) for option in options()]
    fixtures = [(f"`{name}`", prose(text)) for name, text in _fixtures()]
    hooks = [
        (f"`{name}`", prose((inspect.getdoc(hook) or "").partition("Args:")[0]))
        for name, hook in inspect.getmembers(hookspecs, inspect.isfunction)
        if name.startswith("pytest_")
    ]
    return (
        "\n\n".join(
            [
                INTRODUCTION.strip(),
                table(("option", "meaning"), rows),
                "## Fixtures",
                FIXTURES,
                table(("fixture", "is"), fixtures),
                "## Marker",
                MARKER,
                "## Hooks",
                table(("hook of a `conftest.py`", "is called"), hooks),
            ]
        )
        + "\n"
    )


def _names(option: Argument) -> str:
    attributes = option.attrs()
    value = attributes.get("metavar")
    if value is None and attributes.get("choices"):
        value = "|".join(attributes["choices"])
    elif value is None and attributes.get("nargs") != 0:
        value = option.dest.upper()
    return "`" + ", ".join(option.names()) + (f" {value}" if value else "") + "`"


def _fixtures() -> Iterator[tuple[str, str]]:
    kind = type(pytest_plugin.completion)
    for found in vars(pytest_plugin).values():
        if isinstance(found, kind) and found is not pytest_plugin.harness_subject:
            yield found.name, inspect.getdoc(found._get_wrapped_function()) or ""
