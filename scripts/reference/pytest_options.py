"""The options, fixtures, marker and hooks that the plugin adds to pytest."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from _pytest.config.argparsing import Parser

from harness import pytest_plugin
from harness.plugin import hookspecs
from scripts.reference.markdown import prose, table

INTRODUCTION = """\
# Options of pytest

What the plugin adds to `pytest`. pytest's own options (`-k`, `-x`, `--lf`, `-q`, `--junitxml`,
...) work as everywhere. Each option is also `--harness-NAME`, for sessions in which another plugin
or a `conftest.py` has the short name. A mistake in an option, a file or a model's name is one line
and [exit code 4](exit-codes.md), before a model loads.
"""
FIXTURES = (
    "A test that uses one of them is a behavior: it is run for every model and every task that "
    "declares what it needs ([writing a behavior](../writing-a-behavior.md))."
)
MARKER = (
    "`@pytest.mark.behavior(needs=..., budget=...)`: judged on every task that declares what it "
    "needs; the budget is the least pass rate where the task names none."
)


def options() -> Mapping[str, Mapping[str, Any]]:
    """Arguments of each option, by its short name, in the order of ``pytest --help``."""
    return pytest_plugin.added_options(Parser(_ispytest=True)).attributes


def page() -> str:
    rows = [(_typed(name, given), prose(given["help"])) for name, given in options().items()]
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


def _typed(name: str, given: Mapping[str, Any]) -> str:
    """An option as it is typed, with what stands for its value."""
    value = given.get("metavar") or "|".join(given.get("choices", ()))
    return f"`{name} {value}`" if value else f"`{name}`"


def _fixtures() -> Iterator[tuple[str, str]]:
    kind = type(pytest_plugin.completion)
    for found in vars(pytest_plugin).values():
        if isinstance(found, kind) and found is not pytest_plugin.harness_subject:
            yield found.name, inspect.getdoc(found._get_wrapped_function()) or ""
