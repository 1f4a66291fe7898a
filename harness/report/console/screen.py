"""Plain lines for whoever reads them: on a terminal folded at words, with the verdict in colour.

Elsewhere (a pipe, a file, a workflow's log) every line stays whole, so that tools can read it.
"""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import RenderableType

HANGING = 2
"""Blanks by which the rest of a folded line stands further in than its beginning."""
_COLORS = {"PASS": 32, "REGRESSION": 31, "INCONCLUSIVE": 33, "NOT COMPARABLE": 31}
"""ANSI codes of the words that a decision's sentence begins with."""


def shown(lines: Iterable[str], out: TextIO) -> str:
    """The lines as ``out`` should get them, each ended by a newline."""
    if out.isatty():
        lines = folded(lines, shutil.get_terminal_size().columns)
        if "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb":
            lines = map(_colored, lines)
    return "".join(f"{line}\n" for line in lines)


def show(renderable: "RenderableType", columns: int) -> None:
    """Print tables on standard output: as wide as the terminal is, elsewhere ``columns``.

    The environment's COLUMNS goes before both.
    """
    import click
    from rich.console import Console

    from harness.report.terminal import as_text

    if sys.stdout.isatty():
        Console(highlight=False).print(renderable)
    else:
        width = shutil.get_terminal_size((columns, 0)).columns
        click.echo(as_text(renderable, width=width), nl=False)


def folded(lines: Iterable[str], columns: int) -> Iterator[str]:
    """Each line in as many as it needs to be at most ``columns`` wide; words are not divided."""
    for line in lines:
        if len(line) <= columns:
            yield line
            continue
        margin = len(line) - len(line.lstrip()) + HANGING
        yield from textwrap.wrap(
            line,
            columns,
            subsequent_indent=" " * margin,
            break_long_words=False,
            break_on_hyphens=False,
        )


def _colored(line: str) -> str:
    for word, code in _COLORS.items():
        if line.startswith(f"{word}: "):
            return f"\x1b[1;{code}m{word}\x1b[0m{line.removeprefix(word)}"
    return line
