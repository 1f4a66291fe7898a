"""Plain lines for whoever reads them: on a terminal folded at words, with the verdict in color.

Elsewhere (a pipe, a file, a workflow's log) every line stays whole, so that tools can read it.
"""

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import TYPE_CHECKING, TextIO

from harness.report.words.escaping import safe
from harness.report.words.resources import is_alarm

if TYPE_CHECKING:
    from rich.console import RenderableType

HANGING = 2
"""Blanks by which the rest of a folded line stands further in than its beginning."""
_COLORS = {"PASS": 32, "INCONCLUSIVE": 33}
"""ANSI codes of verdicts; every other one is red."""
_RED = 31
_COMMAND = re.compile(r"\bpip install (?:-e )?'[^']*'")
_BLANK = "\ue000"
"""Stands for a blank at which no line ends; of a private area, which no text of ours has."""


def shown(lines: Iterable[str], out: TextIO, verdict: str = "") -> str:
    """The lines as ``out`` should get them, each ended by a newline.

    ``verdict`` is the word that the first line begins with: on a terminal it is in color, as is an
    alarm.
    """
    if not out.isatty():
        return "".join(f"{line}\n" for line in lines)
    columns, has_color = shutil.get_terminal_size().columns, _has_color(out)
    text = "".join(
        f"\x1b[{_RED}m{part}\x1b[0m\n" if has_color and is_alarm(line) else f"{part}\n"
        for line in lines
        for part in folded([line], columns)
    )
    if not verdict or not has_color:
        return text
    return f"\x1b[1;{_COLORS.get(verdict, _RED)}m{verdict}\x1b[0m{text.removeprefix(verdict)}"


def show(renderable: "RenderableType", columns: int) -> None:
    """Print tables on standard output: as wide as the terminal is, elsewhere ``columns``.

    The environment's COLUMNS goes before both.
    """
    from harness.report.console.output import say_laid_out

    width = shutil.get_terminal_size((columns, 0)).columns
    say_laid_out(as_text(renderable, width=width, color=_has_color(sys.stdout)))


def as_text(renderable: "RenderableType", *, width: int = 80, color: bool = False) -> str:
    """The renderable as the lines a terminal of that width would show; no runner obeys them."""
    from rich.console import Console

    out = StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    console.print(renderable)
    lines = out.getvalue().split("\n")[:-1]
    return "".join(f"{safe(line.rstrip(), has_color=color)}\n" for line in lines)


def folded(lines: Iterable[str], columns: int) -> Iterator[str]:
    """Each line in as many as it needs to be at most ``columns`` wide; neither words nor commands
    to be copied are divided."""
    for line in lines:
        if len(line) <= columns:
            yield line
            continue
        margin = len(line) - len(line.lstrip()) + HANGING
        parts = textwrap.wrap(
            _COMMAND.sub(lambda match: match[0].replace(" ", _BLANK), line),
            columns,
            subsequent_indent=" " * margin,
            break_long_words=False,
            break_on_hyphens=False,
        )
        yield from (part.replace(_BLANK, " ") for part in parts)


def _has_color(out: TextIO) -> bool:
    is_plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return out.isatty() and not is_plain
