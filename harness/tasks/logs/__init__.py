"""Forms of files of answers that ``harness judge`` reads: ``--format openai-batch`` is
``openai_batch.py``.

A file of this folder defines ``Rows``, whose object reads the rows of one file:

``SAID``
    The form in words.
``fits(row)``
    True where a file's first row has the form's keys.
``lines(row, number)``
    The answers in a row, each as a line to judge; HarnessError where it holds none.
``remarks()``
    Lines about the file, after its last row.
"""

import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any, Protocol

from harness.tasks.judging_line import JudgingLine


class LogRows(Protocol):
    """Reads the rows of one file."""

    SAID: str

    @staticmethod
    def fits(row: Mapping[str, Any]) -> bool: ...

    def lines(self, row: Mapping[str, Any], number: int) -> Iterator[JudgingLine]: ...

    def remarks(self) -> Iterator[str]: ...


@cache
def names() -> tuple[str, ...]:
    """The forms, as ``--format`` names them."""
    found = (file.name for file in pkgutil.iter_modules(__path__) if file.name != "messages")
    return tuple(sorted(name.replace("_", "-") for name in found))


def rows_named(name: str) -> LogRows:
    """A reader of the form of that name."""
    rows: LogRows = import_module(f"{__name__}.{name.replace('-', '_')}").Rows()
    return rows


def recognized(row: Mapping[str, Any]) -> str:
    """The name of the form that a file's first row has; where none fits, our own."""
    others = (name for name in names() if name != "lines")
    return next((name for name in others if rows_named(name).fits(row)), "lines")
