"""Options that ``compare``, ``gate`` and ``report`` share: the two sides and the policy."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.cli._folders import report_dir_option
from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.cli._baseline_texts import BaselineTexts
    from harness.core.record import RunRecord
    from harness.gate.compare import Side
    from harness.gate.policy import GatePolicy
    from harness.report.report import Report
    from harness.run.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])
MAX_SEARCHED = 50
"""Newest runs among which a whole one is looked for."""
ALLOWABLE = ("tasks", "cases", "prompts", "schema", "compare", "items", "decoding", "required")
SCOPES = ("these", "new")
"""Copies of the values in ``harness.gate.policy``, whose import is too slow for ``--help``."""


def policy_options(command: Command) -> Command:
    """Add a flag for every part of the policy."""
    share, increase = click.FloatRange(0, 1), click.FloatRange(0)
    options = (
        click.option("--margin", type=share, help="The drop to accept: 0.02 is two points."),
        click.option("--scope", type=click.Choice(SCOPES),
                     help="What a pass speaks about: these wordings, or new ones too."),
        click.option("--wording-margin", type=share, help="The drop to accept on new wordings."),
        click.option("--confidence", type=share, help="At most the rest of decisions are wrong."),
        click.option("--kept-margin", type=share, help="The drop to accept of a kept skill."),
        click.option("--anchor-margin", type=share, help="The drop to accept since the anchor."),
        click.option("--min-cases", type=click.IntRange(1), help="Fewer pairs never pass."),
        click.option("--max-errors", type=share, help="More errors cannot be judged."),
        click.option("--noise-floor", type=share, help="Share of cases that flip by themselves."),
        click.option("--max-latency-increase", type=increase, metavar="SHARE",
                     help="Slower than this is a regression: 0.1 is a tenth."),
        click.option("--max-memory-increase", type=increase, metavar="SHARE",
                     help="More memory than this is a regression."),
        click.option("--k", type=click.IntRange(1), metavar="K",
                     help="Tell pass@K and pass^K. [default: the answers to each case]"),
        click.option("--allow", multiple=True, type=click.Choice(ALLOWABLE),
                     help="What may differ; repeatable."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def side_options(command: Command) -> Command:
    """Add the options that choose a model of a run, and the folder of runs."""
    options = (
        click.option("--before", metavar="MODEL", help="The model before, by ref or name."),
        click.option("--after", metavar="MODEL", help="The model after, by ref or name."),
        report_dir_option,
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def policy_of(settings: "Settings", flags: Mapping[str, Any]) -> "GatePolicy":
    """The policy of ``[tool.harness.gate]`` with those of the flags that are of a policy and were
    given.

    Raises:
        HarnessError: the combination is invalid.
    """
    from pydantic import ValidationError

    from harness.gate.policy import GatePolicy

    own = {name: flags[name] for name in GatePolicy.model_fields if name in flags}
    given = {name: value for name, value in own.items() if value not in (None, ())}
    try:
        known = settings.gate.model_dump(exclude_unset=True)
        return GatePolicy.model_validate({**known, **given})
    except ValidationError as error:
        found = [f"--{str(e['loc'][0]).replace('_', '-')}: {e['msg']}" for e in error.errors()]
        raise HarnessError(*found) from None


def records(names: tuple[str, ...], root: Path, settings: "Settings") -> list["RunRecord"]:
    """The runs or baselines of these names; the latest run without any.

    Raises:
        HarnessError: there are more than two, or one cannot be found or read.
    """
    from harness.records.baselines import read_run_or_baseline
    from harness.records.runs import LATEST

    if len(names) > 2:
        raise HarnessError(f"{len(names)} runs: name two, the one before first")
    baselines = Path(settings.baselines_dir)
    return [read_run_or_baseline(name, root, baselines) for name in names or (LATEST,)]


def require_whole_latest(names: tuple[str, ...], found: list["RunRecord"], root: Path) -> None:
    """Refuse ``latest`` where the newest run is of a part of its tasks and the other side is not.

    Raises:
        HarnessError: it is; the line names the last whole run.
    """
    from harness.core.selection import part_of
    from harness.records.runs import LATEST

    for name, record in zip(names, found, strict=True):
        part = part_of(record) if name == LATEST else ""
        if part and any(part_of(other) != part for other in found):
            raise HarnessError(
                f"latest: run {record.id} {part}, which says nothing about the whole; "
                f"{_last_whole(root)}, or {record.id} to compare that part"
            )


def _last_whole(root: Path) -> str:
    """``name ID, the last whole run``."""
    from harness.core.selection import part_of
    from harness.records.runs import read_results, run_ids

    for run_id in reversed(run_ids(root)[-MAX_SEARCHED:]):
        with suppress(HarnessError):
            if not part_of(read_results(root / run_id)):
                return f"name {run_id}, the last whole run"
    return "make a whole run"


def against_named_baseline(
    report: "Report",
    names: tuple[str, ...],
    settings: "Settings",
    *,
    has_ledger: bool,
    texts: "BaselineTexts | None" = None,
) -> "Report":
    """The report, decided against the anchor too where the first of two names is a baseline's.

    Args:
        report: on the two runs.
        names: the runs', as they were typed.
        settings: the project's.
        has_ledger: enter the decision in the ledger.
        texts: finds the texts of the anchor, where they are shown.

    Raises:
        HarnessError: the anchor is damaged.
    """
    from harness.records.baselines import baseline_names
    from harness.records.runs import LATEST
    from harness.report.report import with_decision
    from harness.run.named_baseline import NamedBaseline

    root = Path(settings.baselines_dir)
    is_named = len(names) == 2 and names[0] != LATEST and names[0] in baseline_names(root)
    if report.decision is None or not is_named:
        return report
    named = NamedBaseline.read(names[0], root)
    if texts is not None and named.anchor is not None:
        named = replace(named, anchor=texts.filled(named.anchor))
    return with_decision(report, named.completed(report.decision, has_ledger=has_ledger))


def one_or_two_sides(
    runs: tuple[str, ...], before: str | None, after: str | None, root: Path, settings: "Settings"
) -> tuple["Side", "Side"]:
    """The sides of two runs, or of two models that are named; else the run's last model twice.

    Raises:
        HarnessError: a run or a model cannot be found or read.
    """
    from harness.report.report import report_on

    stored = records(runs, root, settings)
    report = report_on(*stored, before=before, after=after)
    is_pair = len(stored) > 1 or before is not None
    return report.before if is_pair and report.before else report.after, report.after
