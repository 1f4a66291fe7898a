"""The catalogue of behaviors, and the failure codes."""

import ast
import importlib
import inspect
from types import ModuleType

from harness import checks
from harness.core.verdict import FailureCode
from harness.report.words.failure_codes import CODES
from scripts.reference.markdown import paragraphs, table

INTRODUCTION = """\
# Behaviors

Every behavior that comes with the harness. One applies to a task that declares what it needs
([`output`](task.md#output) of `task.yaml`). The same checks
judge in `pytest suites/`, `harness judge`, `harness serve`, `harness task check` and in training.
Behaviors of your own are
[test functions](../writing-a-behavior.md).
"""
FAILURE_CODES = """\
## Failure codes

A verdict that is *failed* or an *error* has one of these codes; reports, drift and `harness
judge` count by them.
"""


def page() -> str:
    found = checks.listing()
    rows = [
        (f"[`{name}`](#{name})", _needs(b.needs), "each answer" if b.check_for else "a whole run")
        for name, b in found.items()
    ]
    return "\n".join(
        [
            INTRODUCTION,
            table(("behavior", "needs", "judges"), rows),
            "",
            *map(_section, found),
            FAILURE_CODES,
            table(("code", "meaning"), ((f"`{c}`", CODES[c]) for c in FailureCode)),
            "",
        ]
    )


def _needs(needs: frozenset[str]) -> str:
    return ", ".join(f"`{word}`" for word in sorted(needs)) or "nothing"


def _section(name: str) -> str:
    module = importlib.import_module(f"harness.checks.{name}")
    said = [inspect.getdoc(module) or "", *(inspect.getdoc(c) or "" for c in _classes(module))]
    return f"## {name}\n\n" + "\n\n".join(map(paragraphs, filter(None, said))) + "\n"


def _classes(module: ModuleType) -> list[type]:
    """The checks that the file itself defines."""
    names = [
        n.name for n in ast.parse(inspect.getsource(module)).body if isinstance(n, ast.ClassDef)
    ]
    found = [vars(module)[name] for name in names]
    return [c for c in found if hasattr(c, "judge") or hasattr(c, "judge_run")]
