"""``harness gate --log``: decides from the log of an experiment."""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.cli._document import say_document
from harness.cli._paths import PathType
from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.ab.entry import LogEntry
    from harness.ab.reading import ReadLog
    from harness.run.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])
POLICY = ("margin", "confidence", "min_cases", "max_errors")
"""Parts of the policy that apply to an experiment."""
_OWN = ("log", "behavior", "experiment", "key_hours")


def log_options(command: Command) -> Command:
    """Add the options of an experiment's log."""
    options = (
        click.option("--log", multiple=True, type=PathType(path_type=Path),
                     metavar="FILE|DIR",
                     help="Decide from the log of harness serve --ab; repeatable."),
        click.option("--behavior", multiple=True, metavar="NAME",
                     help="With --log: decide by these, not by the required ones; repeatable."),
        click.option("--experiment", metavar="NAME", help="With --log: of several in it, this."),
        click.option("--key-hours", type=click.FloatRange(0, min_open=True), metavar="HOURS",
                     help="With --log: how long a key's answers count.  [default: 24]"),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def gate_log(flags: Mapping[str, Any], settings: "Settings", *, is_json: bool) -> int:
    """Decide, say so, and return the exit code.

    Raises:
        HarnessError: the log cannot be read, or an option is not for one.
    """
    from harness.ab.reading import read_log
    from harness.cli._sides import policy_of
    from harness.gate.log_decision import decide_log
    from harness.gate.log_keys import KEY_HOURS
    from harness.report.console.log_decision import text
    from harness.report.console.output import say_laid_out
    from harness.report.console.screen import shown
    from harness.report.log_json import decided
    from harness.report.words.decision import word

    _require_own(flags)
    policy = policy_of(settings, {name: flags[name] for name in POLICY})
    read = read_log(flags["log"])
    decision = decide_log(
        _of_experiment(read.entries, flags["experiment"]),
        policy,
        behaviors=flags["behavior"],
        hours=flags["key_hours"] or KEY_HOURS,
    )
    remarks = list(_remarks(read))
    if is_json:
        say_document(decided(decision, remarks))
    else:
        say_laid_out(shown(text(decision, remarks), sys.stdout, word(decision.outcome)))
    return decision.exit_code


def without_log_options(flags: dict[str, Any]) -> dict[str, Any]:
    """The other options, where no log is named.

    Raises:
        HarnessError: one of these was given all the same.
    """
    for name in _OWN:
        if flags.pop(name):
            raise HarnessError(f"--{name.replace('_', '-')}: is for --log FILE|DIR, leave it out")
    return flags


def _require_own(flags: Mapping[str, Any]) -> None:
    for name, value in flags.items():
        if name not in (*POLICY, *_OWN) and value not in (None, (), False):
            option = "BEFORE and AFTER are" if name == "runs" else f"--{name.replace('_', '-')} is"
            raise HarnessError(f"--log: {option} for stored runs, leave it out")


def _of_experiment(entries: "list[LogEntry]", name: str | None) -> "list[LogEntry]":
    from harness.core.suggestion import did_you_mean

    found = [entry for entry in entries if name in (None, entry.experiment)]
    if not found:
        known = sorted({entry.experiment for entry in entries})
        hint = did_you_mean(str(name), known, f"there are {', '.join(known)}")
        raise HarnessError(f"--experiment {name}: is not in the log, {hint}")
    return found


def _remarks(read: "ReadLog") -> Iterator[str]:
    """Lines on what is missing in the log."""
    from harness.report.words.numbers import plural

    if read.halves:
        yield (
            f"{plural(read.halves, 'file')} of the log ended in half a line, which is passed over: "
            "the server was killed while it wrote."
        )
    if read.broken:
        more = f" and {len(read.broken) - 1:,} more" if len(read.broken) > 1 else ""
        yield f"Lines that cannot be read are passed over: {read.broken[0]}{more}."
    if lost := {arm: n for arm, n in sorted(read.lost.items()) if n}:
        counted = ", ".join(f"{n:,} of the {arm}" for arm, n in lost.items())
        yield f"Answers that could not be logged are missing: {counted}."
