"""``harness gate --log``: decides from the log of an experiment."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from harness.cli._document import say_document
from harness.cli._experiment import remarks_on
from harness.cli._paths import PathType
from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.ab.entry import LogEntry
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


def gate_log(options: Mapping[str, Any], settings: "Settings", *, is_json: bool) -> int:
    """Decide, say so, and return the exit code.

    Args:
        options: of the running command.

    Raises:
        HarnessError: the log cannot be read, or an option is not for one.
    """
    from harness.ab.reading import lines_of
    from harness.cli._sides import policy_of
    from harness.gate.log_decision import decide_log
    from harness.gate.log_keys import KEY_HOURS
    from harness.report.console.log_decision import text
    from harness.report.console.output import say_laid_out
    from harness.report.console.screen import shown
    from harness.report.log_json import decided
    from harness.report.words.decision import word

    _require_own()
    policy = policy_of(settings, {name: options[name] for name in POLICY})
    lines = lines_of(options["log"])
    decision = decide_log(
        _of_experiment(lines, options["experiment"]),
        policy,
        behaviors=options["behavior"],
        hours=options["key_hours"] or KEY_HOURS,
    )
    remarks = list(remarks_on(lines))
    if is_json:
        say_document(decided(decision, remarks))
    else:
        say_laid_out(shown(text(decision, remarks), sys.stdout, word(decision.outcome)))
    return decision.exit_code


def require_no_log_options(options: Mapping[str, Any]) -> None:
    """
    Raises:
        HarnessError: an option that is for logs alone was given, and no log is.
    """
    for name in _OWN:
        if options[name]:
            raise HarnessError(f"--{name.replace('_', '-')}: is for --log FILE|DIR, leave it out")


def _require_own() -> None:
    """
    Raises:
        HarnessError: something was typed that is for stored runs.
    """
    context = click.get_current_context()
    for param in context.command.params:
        name = str(param.name)
        if isinstance(param, click.Argument):
            if context.params[name]:
                raise HarnessError("--log: BEFORE and AFTER are for stored runs, leave them out")
        elif name not in (*POLICY, *_OWN, "is_json") and _is_typed(context, name):
            spelled = param.secondary_opts if context.params[name] is False else param.opts
            raise HarnessError(f"--log: {spelled[0]} is for stored runs, leave it out")


def _is_typed(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _of_experiment(lines: "Iterable[LogEntry]", name: str | None) -> "Iterator[LogEntry]":
    """The lines of one experiment, or all where none is named.

    Raises:
        HarnessError: after the last line, if none was of it.
    """
    from harness.core.suggestion import did_you_mean

    names: set[str] = set()
    for entry in lines:
        names.add(entry.experiment)
        if name in (None, entry.experiment):
            yield entry
    if name is not None and name not in names:
        known = sorted(names)
        hint = did_you_mean(name, known, f"there are {', '.join(known)}")
        raise HarnessError(f"--experiment {name}: is not in the log, {hint}")
