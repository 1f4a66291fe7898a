"""The one way to standard output and standard error: nothing that is printed commands anything.

Answers, case ids, messages of templates and of a user's own checks, file keys and paths are text
from outside; what a terminal or a workflow's runner would obey in it is shown, not sent.
"""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

import click

from harness.report.words.escaping import safe, safe_json, safe_line


class OutputLost(Exception):
    """Standard output is closed or its disk is full: what was to be said did not arrive."""

    def __init__(self, reason: str, *, is_reader_gone: bool = False) -> None:
        super().__init__(reason)
        self.is_reader_gone = is_reader_gone
        """The other end of a pipe has what it wanted, as ``head`` does."""


class LastingOutput:
    """A stream for work that goes on, and keeps what it makes, when nobody can read about it.

    What cannot be written is dropped; ``require_arrived`` says so at the end.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.error: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._lasting():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._lasting():
            self._stream.flush()

    def require_arrived(self) -> None:
        """Raise OutputLost where something was dropped."""
        self.flush()
        if self.error is not None:
            raise OutputLost(self.error.strerror or str(self.error))

    @contextmanager
    def _lasting(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.error = error
            # What the stream still holds must not fail again, not even when Python ends.
            _write_to_nothing(self._stream)
            self._stream.flush()


def say(*lines: str, err: bool = False) -> None:
    """Print each argument as one line, on standard error where ``err`` says so; on a terminal it is
    folded at words.

    Raises:
        OutputLost: standard output does not take it. Standard error may be closed.
    """
    for line in lines:
        for part in _fitting(safe_line(line), sys.stderr if err else sys.stdout):
            _echo(part + "\n", is_error=err)


def say_laid_out(text: str, *, err: bool = False) -> None:
    """Print lines of our own layout; their colors stay on a terminal."""
    _echo(safe(text, has_color=True), is_error=err)


def say_text(text: str, *, is_begun: bool = False) -> None:
    """Print text from outside in its own lines, at once and without a newline of its own.

    ``is_begun``: it goes on where a line was begun already.
    """
    _echo(safe(text, is_begun=is_begun), is_error=False)
    flush()


def say_json(text: str) -> None:
    """Print a JSON text, or one a line, as an equal one in ASCII; ``flush`` has it arrive."""
    with _arriving():
        sys.stdout.write(safe_json(text))


def say_file(text: str) -> None:
    """Print what is a file elsewhere, whose format does its own escaping, as it stands."""
    _echo(text, is_error=False)


def say_command(line: str) -> None:
    """Print a workflow command of our own, whose values are escaped, for the runner to obey."""
    _echo(line + "\n", is_error=True)


def flush() -> None:
    """Have all of standard output arrive.

    Raises:
        OutputLost: it does not.
    """
    with _arriving():
        sys.stdout.flush()


def drop_output() -> None:
    """Nobody reads: let the interpreter flush what is left into nothing when it ends."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # It is closed, or a test's.
            _write_to_nothing(stream)


def _write_to_nothing(stream: TextIO) -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, stream.fileno())
    finally:
        os.close(nothing)


def _echo(text: str, is_error: bool) -> None:
    """Write what the stream's encoding lacks as escapes, rather than nothing."""
    stream = sys.stderr if is_error else sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    shown = text.encode(encoding, "backslashreplace").decode(encoding)
    if is_error:
        with suppress(OSError, ValueError):
            click.echo(shown, file=stream, nl=False, err=True)
        return
    with _arriving():
        click.echo(shown, file=stream, nl=False)


def _fitting(line: str, stream: TextIO | None) -> Iterable[str]:
    """The line, in parts that fit where a terminal is narrower."""
    try:
        is_terminal = stream is not None and stream.isatty()
    except ValueError:  # It is closed.
        is_terminal = False
    if not is_terminal or len(line) <= (columns := shutil.get_terminal_size().columns):
        return (line,)
    from harness.report.console.screen import folded

    return folded([line], columns)


@contextmanager
def _arriving() -> Iterator[None]:
    if sys.stdout is None:
        raise OutputLost("it is closed")
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: the stream was closed
        reason = getattr(error, "strerror", None) or str(error)
        is_reader_gone = isinstance(error, BrokenPipeError)
        raise OutputLost(reason, is_reader_gone=is_reader_gone) from None
