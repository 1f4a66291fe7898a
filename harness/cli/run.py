"""``harness run``: joins the runs of the shards of one run."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from harness.cli._folders import report_dir_option
from harness.cli._group import Group
from harness.cli._paths import PathType
from harness.core.portable import expanded

_ANSWERING = ("--model", "--device", "--dtype", "--quantize", "--threads", "--batch-tokens")
_SHARING = ("--engine", "--workers", "--ray-address")
_SENDING = ("--concurrency", "--stall-seconds", "--answers")
_KEPT = ("--shard", "--run-id", "--report-dir", "--junitxml", "--junit-xml", "--basetemp")
_DISTRIBUTED = ("-n", "--numprocesses", "--dist", "--maxprocesses")
VALUED = frozenset((*_ANSWERING, *_SHARING, *_SENDING, *_KEPT, *_DISTRIBUTED))
"""Options of a shard's session that its merging has not: who answers, where, and what is kept."""
ALONE = frozenset({"--fresh", "--resume"})
PREFIX = "--harness-"
_WORKERS = re.compile(r"-n(\d+|auto|logical)")


@click.group(cls=Group)
def command() -> None:
    """Join the runs of shards."""


@command.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--run-id", metavar="ID", help="The id of the merged run.")
@report_dir_option
@click.option(
    "--junitxml",
    type=PathType(path_type=Path, dir_okay=False),
    help="Write pytest's JUnit XML there.",
)
def merge(
    runs: tuple[str, ...], run_id: str | None, report_dir: Path | None, junitxml: Path | None
) -> None:
    """Judge what the shards of a run answered, as one run.

    Each RUN is what pytest --shard I/N wrote: an id, the beginning of one, or a folder. The suites
    are run as they were there, and no model is opened. The exit code is pytest's: 0 where every
    budget is met, 1 where one is missed, and 2 where the runs are not all shards of one run.
    """
    import pytest

    from harness.records.runs import find_run, read_results
    from harness.run.mergeable import require_mergeable
    from harness.run.settings import project_settings

    root = report_dir or Path(project_settings().report_dir)
    shards = require_mergeable([read_results(find_run(name, root)) for name in runs])
    own = {"--harness-run-id": run_id, "--harness-report-dir": report_dir}
    more = {**own, "--junitxml": junitxml}
    given = [f"{name}={value}" for name, value in more.items() if value is not None]
    named = [f"--harness-merge={name}" for name in runs]
    raise SystemExit(int(pytest.main([*kept(shards[0].command[1:]), *named, *given])))


def kept(arguments: Sequence[str]) -> Iterator[str]:
    """The arguments of a shard's session that select suites, cases and decoding."""
    rest = iter(arguments)
    for argument in rest:
        short = f"--{argument.removeprefix(PREFIX)}" if argument.startswith(PREFIX) else argument
        name, equals, _ = short.partition("=")
        if name in VALUED:
            if not equals:
                next(rest, None)
        elif short not in ALONE and not _WORKERS.fullmatch(argument):
            yield expanded(argument)
