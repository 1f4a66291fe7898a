"""Exit codes that every command has, and the last resort for an error that nobody expected.

A command's own codes (1 for a regression, a broken task, ...) come from what it decided, never from
a fault of its own.
"""

import io
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import click

from harness.core.errors import HarnessError, one_line
from harness.files.refused import refusal
from harness.report.console.output import OutputLost, drop_output, flush, say

USAGE = 2
"""A mistake in what the user typed or pointed at."""
EXTRA = 4
"""What was asked for needs an extra that is not installed, as pytest's own code for it."""
BUG = 70
"""A fault of the harness (``EX_SOFTWARE`` of sysexits.h)."""
OUTPUT_LOST = 74
"""Standard output was closed or its disk is full (``EX_IOERR``)."""
INTERRUPTED = 130
"""Ctrl-C: 128 and SIGINT's number, as shells count."""
TRACEBACK = "HARNESS_TRACEBACK"
"""Environment variable that has the traceback of a fault printed."""
_PACKAGE = Path(__file__).parents[2]


def exit_code_of(run: Callable[[], object]) -> int:
    """The exit code of a command that ``run`` parses and calls; its errors become lines."""
    if sys.stderr is None:
        sys.stderr = io.StringIO()  # It is closed; what asks if it is a terminal goes on.
    try:
        flush()
        code = run()
        flush()
    except SystemExit as leave:
        code = leave.code
        return _flushed(code if isinstance(code, int) else int(code is not None))
    except HarnessError as error:
        return _mistakes(error)
    except click.ClickException as error:
        text = io.StringIO()
        error.show(text)
        say(*text.getvalue().splitlines(), err=True)
        return USAGE
    except OutputLost as error:
        return _lost(error)
    except (KeyboardInterrupt, click.Abort):
        say("harness: interrupted", err=True)
        return INTERRUPTED
    except Exception as error:
        if isinstance(error, ImportError) and (lacking := _lacking(error)) is not None:
            return _mistakes(lacking)
        if reason := refusal(error) or _homeless(error):
            say(f"harness: {reason}", err=True)
            return USAGE
        _report(error)
        return BUG
    return code if isinstance(code, int) else 0


def _homeless(error: Exception) -> str | None:
    """The reason where the working folder was removed, so that no path of it is found."""
    if isinstance(error, FileNotFoundError):
        try:
            Path.cwd()
        except FileNotFoundError:
            return "the folder that you are in was removed, go to another"
    return None


def _lacking(error: ImportError) -> HarnessError | None:
    """The mistake where what cannot be imported is a package of an extra."""
    from harness.core.extras import extra_module, missing

    name = extra_module(error)
    return None if name is None else missing("this command", name)


def _mistakes(error: HarnessError) -> int:
    from harness.core.extras import is_extra_missing

    say(*(f"harness: {mistake}" for mistake in error.mistakes), err=True)
    return EXTRA if is_extra_missing(error) else USAGE


def _flushed(code: int) -> int:
    try:
        flush()
    except OutputLost as error:
        return _lost(error)
    return code


def _lost(error: OutputLost) -> int:
    say(f"harness: standard output cannot be written: {error}", err=True)
    drop_output()
    return OUTPUT_LOST


def _report(error: Exception) -> None:
    """One line: the fault, where it is, and how to see more of it."""
    if is_shown := os.environ.get(TRACEBACK, "0") not in ("", "0"):
        say(*"".join(traceback.format_exception(error)).splitlines(), err=True)
    more = "report the lines above" if is_shown else f"{TRACEBACK}=1 shows more of it to report"
    say(f"harness: bug: {one_line(error)} ({_place(error)}); {more}", err=True)


def _place(error: Exception) -> str:
    """File and line of the last frame that is ours."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if Path(f.filename).is_relative_to(_PACKAGE)]
    if not ours:
        return "no line of ours"
    return f"{Path(ours[-1].filename).relative_to(_PACKAGE)}:{ours[-1].lineno}"
