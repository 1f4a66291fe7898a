"""The catalogue of behaviors: each file of this folder holds one, and is named as the behavior is.

A check is a small frozen value whose ``judge`` takes a case and a completion and answers with a
Verdict. It sees the raw text, it runs in time linear in it, and it looks at no other completion.
The machinery of checks lies in the folders below. At its top, a file says:

``NEEDS``
    What a task must declare for the behavior to apply: words of ``Task.declares``.
``check_for(output)``
    Makes the check from what a task declares of an answer. It is called when that has every word of
    ``NEEDS``.
``BROKEN_BY`` (optional)
    Defects that make an answer fail whatever the task declares: ``edges`` (something stands around
    it), ``syntax`` (it does not parse), ``calls`` (there is another number of calls of tools),
    ``tool`` (a call is of no tool that is there). With it, ``harness task check`` holds the
    behavior to corrupted references too: it must pass those that neither have such a defect nor
    name it.

``IS_GRADED`` (optional)
    Its verdicts have a grade, and its budget is a least mean of their shares.

A behavior over a whole run has ``run_check_for(task)`` in place of ``check_for``. It may have
``BUDGETS``, the names of the limits it holds, and ``NO_RATE``, which says why no least rate can be
asked of it.
"""

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from harness.core.verdict import Check

if TYPE_CHECKING:
    from harness.checks.declared.output import Output


@dataclass(frozen=True, slots=True)
class Behavior:
    """One file of the catalogue."""

    name: str
    file: ModuleType
    needs: frozenset[str]
    check_for: "Callable[[Output], Check] | None"
    """``None`` where the behavior is judged over a whole run."""
    broken_by: frozenset[str] | None
    """``None`` where corrupted references say nothing about it."""
    budgets: tuple[str, ...]
    no_rate: str
    is_graded: bool
    """Its answers have shares of a reference; its budget is a least mean share."""

    @classmethod
    def of(cls, name: str, file: ModuleType) -> "Behavior":
        """Reads the names that the file defines."""
        is_over_run = hasattr(file, "run_check_for")
        return cls(
            name=name,
            file=file,
            needs=frozenset(file.NEEDS),
            check_for=None if is_over_run else file.check_for,
            broken_by=frozenset(file.BROKEN_BY) if hasattr(file, "BROKEN_BY") else None,
            budgets=getattr(file, "BUDGETS", ()),
            no_rate=getattr(file, "NO_RATE", ""),
            is_graded=getattr(file, "IS_GRADED", False),
        )


@cache
def listing() -> Mapping[str, Behavior]:
    """Every behavior by name, in alphabetical order. Imports each file of the folder."""
    names = sorted(file.name for file in pkgutil.iter_modules(__path__) if not file.ispkg)
    return {name: Behavior.of(name, import_module(f"{__name__}.{name}")) for name in names}
