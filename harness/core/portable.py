"""Text without paths of this machine: a record travels, and a path names a person's computer."""

import os
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path


def portable(text: str) -> str:
    """The text with paths below the working directory relative to it, and the home folder as ``~``.

    ``expanded`` reads such a path again, from the same directory.
    """
    here, home = _patterns(*_roots())
    return home.sub("~", here.sub(lambda match: "" if match[1] else ".", text))


def expanded(path: str) -> str:
    """A path that may begin with ``~/``, as files are opened by."""
    return str(Path(path).expanduser()) if path == "~" or path.startswith("~/") else path


def command_line(program: str, arguments: Iterable[str]) -> tuple[str, ...]:
    """A command as it is typed, whatever file the interpreter ran for it."""
    return (program, *map(portable, arguments))


def _roots() -> tuple[str, str]:
    """The working directory and the home folder; ``/`` for one that is not there."""
    try:
        here = str(Path.cwd())
    except OSError:  # It was removed.
        here = os.sep
    try:
        return here, str(Path.home())
    except RuntimeError:  # The user has none.
        return here, os.sep


@lru_cache(maxsize=8)
def _patterns(here: str, home: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    never = re.compile(r"(?!)")
    roots = [path if Path(path).is_absolute() and path != os.sep else "" for path in (here, home)]
    begins, ends = r"(?<![\w.~-])", r"(?![\w.-])"
    return (
        re.compile(rf"{begins}{re.escape(roots[0])}(?:(/)(?=[\w.~-])|{ends})")
        if roots[0]
        else never,
        re.compile(f"{begins}{re.escape(roots[1])}{ends}") if roots[1] else never,
    )
