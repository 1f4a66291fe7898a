"""The exit codes of ``harness`` and of a pytest session."""

import ast
import importlib
import inspect
import re
from itertools import pairwise

import click

from harness.cli import _exit
from harness.gate.outcome import EXIT_CODES
from scripts.reference.commands import commands
from scripts.reference.markdown import prose, table

INTRODUCTION = """\
# Exit codes

## Of `harness`, whatever the command
"""
GATE = """\
## Of a decision

`harness gate`, and `pytest --baseline NAME` where all tests pass. [What each asks of
you](../gate.md#what-each-outcome-asks-of-you).
"""
OWN = """\
## Of single commands
"""
PYTEST = """\
## Of pytest

| code | meaning |
|---|---|
| 0 | every behavior met its budget |
| 1 | a budget was missed, or a test failed |
| 2 | interrupted: the record is kept as a partial run |
| 3 | a fault inside pytest or the plugin |
| 4 | a mistake in options, files or models, in one line, before a model loads |
| 5 | no test was collected |
| 10, 11 | with `--baseline`, where all tests pass: the gate's decision, as above |
| 74 | the session's output was lost once it had begun; its record was written |
"""


def page() -> str:
    named = {n: v for n, v in vars(_exit).items() if n.isupper() and isinstance(v, int)}
    said = _module_docs(_exit)
    shared = [("0", "done"), *((str(v), prose(said.get(n, ""))) for n, v in named.items())]
    gate = [(str(code), str(outcome)) for outcome, code in EXIT_CODES.items()]
    own = [(f"`{path}`", text) for path, c in commands() if (text := said_in_help(c))]
    return "\n".join(
        [
            INTRODUCTION,
            table(("code", "meaning"), shared),
            "",
            GATE,
            table(("code", "outcome"), sorted(gate, key=lambda row: int(row[0]))),
            "",
            OWN,
            table(("command", "its own"), own),
            "",
            PYTEST,
        ]
    )


def said_in_help(command: click.Command) -> str:
    """The sentence of a command's help that names its exit codes."""
    text = " ".join((command.help or "").split())
    found = re.findall(r"(?:Exit codes?|The exit code)\b.*?\.(?= [A-Z]|$)", text)
    return prose(" ".join(found))


def _module_docs(module: object) -> dict[str, str]:
    """Docstrings under the constants of a module."""
    body = ast.parse(inspect.getsource(importlib.import_module(module.__name__))).body
    found = {}
    for statement, below in pairwise(body):
        match statement, below:
            case (
                ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = text
    return found
