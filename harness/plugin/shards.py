"""``--shard I/N``: answers a part of the cases, for machines that share nothing but files.

``harness run merge`` has a session with ``--merge`` judge what all shards answered.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.plugin.option_names import NamedOptions, option_of, refused_beside

if TYPE_CHECKING:
    from harness.core.shard import Shard
    from harness.plugin.session import HarnessSession
    from harness.run.merging import MergedShards
    from harness.run.plan import RunPlan

_REFUSED = {
    "--baseline": "gate the merged run: harness gate NAME RUN",
    "--stop-early": "it decides over all cases",
    "--parity": "it compares models, not answers: run it in a session of its own",
    "--generate": "draw with another --generate-seed on each machine",
    "--generated": "judge drawn cases in one session",
}
"""Options that concern a whole run, each with what to do instead."""


def add_options(group: NamedOptions) -> None:
    group.addoption(
        "--shard",
        type=_shard,
        metavar="I/N",
        help="answer the I-th of N parts of the cases; harness run merge judges all of them",
    )
    group.addoption(
        "--merge",
        action="append",
        default=[],
        metavar="RUN",
        help="judge what the shards of a run answered, as harness run merge has it done",
    )


def _shard(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    index, number = map(int, found.groups()) if found else (0, 0)
    if not 1 <= index <= number:
        raise argparse.ArgumentTypeError(f"{text!r} is no shard, write I/N with I from 1 to N")
    return index, number


def shard_of(config: pytest.Config) -> Shard | None:
    """The shard that this session answers; ``None`` for a whole run."""
    from harness.core.shard import Shard

    asked = option_of(config, "--shard")
    return Shard(*asked) if asked else None


def merged(config: pytest.Config, report_dir: Path, mistakes: list[str]) -> MergedShards | None:
    """The shards that this session judges, if there are any."""
    names = option_of(config, "--merge")
    if not names:
        return None
    from harness.core.errors import HarnessError
    from harness.files.refused import refusals
    from harness.run.merging import MergedShards

    try:
        with refusals("--merge"):
            return MergedShards.read(names, report_dir)
    except HarnessError as error:
        mistakes += error.mistakes
        return None


def plugins(session: HarnessSession) -> Iterator[object]:
    """The line of a shard; options that concern a whole run are mistakes."""
    option = partial(option_of, session.config)
    given = [name for name in ("--shard", "--merge") if option(name)]
    if len(given) > 1:
        session.mistakes.append("--shard and --merge: give the one, then the other")
    if option("--shard"):
        session.mistakes += refused_beside("--shard", session.config, _REFUSED)
        yield ShardEnd()


def suites_sha256(files: Iterable[str]) -> str:
    """One hash over the names and the content of the suites' files."""
    from hashlib import sha256

    from harness.core.plan import sha256_of

    paths = sorted(map(Path, dict.fromkeys(files)), key=lambda path: (path.name, str(path)))
    return sha256_of([[path.name, sha256(path.read_bytes()).hexdigest()] for path in paths])


def divided(plan: RunPlan, session: HarnessSession) -> RunPlan:
    """The part of the plan that this session answers.

    Raises:
        HarnessError: there are too few cases, or the merged shards answered another plan.
    """
    from dataclasses import replace

    from harness.run.shards import part_of

    shard = shard_of(session.config)
    if shard is None and session.merged is None:
        return plan
    suites = suites_sha256(session.behaviors.values())
    if session.merged is not None:
        session.merged.require_plan(plan, suites)
    return plan if shard is None else part_of(plan, replace(shard, suites_sha256=suites))


class ShardEnd:
    """Says at the end of a shard's session that nothing is decided."""

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        shard = shard_of(terminalreporter.config)
        terminalreporter.write_line(
            f"{shard}: no budget is decided on a part of the cases; when all shards are there: "
            "harness run merge RUN..."
        )
