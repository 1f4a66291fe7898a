"""``harness export card``: a model card for an adapter, written from its records."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli._document import json_option, say_document
from harness.cli._folders import report_dir_option
from harness.cli._paths import PathType

if TYPE_CHECKING:
    from harness.core.case import JsonValue
    from harness.gate.decision import GateDecision
    from harness.report.card.subject import Subject
    from harness.run.settings import Settings

DEFAULT = "README.md"


@click.command()
@click.argument("adapter")
@click.option("--run", metavar="RUN", help="The stored run whose results the card tells.")
@click.option(
    "--gate",
    "runs",
    nargs=2,
    metavar="BEFORE AFTER",
    help="Two runs or baselines: the gate's decision on them; AFTER is of this adapter.",
)
@click.option(
    "-o",
    "--output",
    "target",
    metavar="FILE",
    type=PathType(path_type=Path, dir_okay=False, allow_dash=True),
    help="Where to write; - is standard output. [default: README.md in the adapter's folder]",
)
@click.option("--base-model", "base_id", metavar="ID", help="The base's name on the Hub.")
@click.option("--license", "license_", metavar="ID", help="The license; no file here knows it.")
@report_dir_option
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@json_option
def card(
    adapter: str,
    run: str | None,
    runs: tuple[str, str] | None,
    target: Path | None,
    report_dir: Path | None,
    force: bool,
    is_json: bool,
    **named: Any,
) -> None:
    """Write a model card for ADAPTER: recipe, data, results, gate and limits.

    Every number comes from training.json or from a stored run; what is missing is said to be.

    \b
    harness export card out/my_adapter --run latest
    harness export card out/my_adapter --run 2026-11-27 --gate main latest --license apache-2.0
    """
    from harness.core.errors import HarnessError
    from harness.files.atomic import write_whole
    from harness.report.card.subject import subject_of
    from harness.report.card.text import card as card_of
    from harness.report.console.output import say, say_file

    folder = Path(adapter.removeprefix("adapter:"))
    target = target or folder / DEFAULT
    if not folder.is_dir():
        raise HarnessError(f"{adapter}: is no folder, name an adapter's")
    is_printed = target == Path("-")
    if is_printed and is_json:
        raise HarnessError("-o -: prints the card itself, leave out --json")
    if not is_printed:
        _check_target(target, has_force=force)
    subject = subject_of(folder, **named)
    subject = _judged(subject, run, runs, report_dir)
    if is_printed:
        say_file(card_of(subject))
        return
    write_whole(target, [card_of(subject)])
    if is_json:
        say_document({"output": target, **_known(subject)})
    else:
        say(f"wrote {target}: {_told(subject)}")


def _check_target(target: Path, *, has_force: bool) -> None:
    from harness.core.errors import HarnessError

    if target.exists() and not has_force:
        raise HarnessError(f"-o {target}: is there already, add --force")
    if not target.parent.is_dir():
        raise HarnessError(f"-o {target}: there is no folder {target.parent}, make it first")


def _judged(
    subject: "Subject", run: str | None, runs: tuple[str, str] | None, report_dir: Path | None
) -> "Subject":
    """The adapter with the run and the decision that were named."""
    from dataclasses import replace

    from harness.records.runs import find_run, read_run
    from harness.report.card.subject import side_in
    from harness.run.settings import project_settings

    settings = project_settings()
    root = report_dir or Path(settings.report_dir)
    if run is not None:
        side = side_in(subject, read_run(find_run(run, root)), "--run")
        subject = replace(subject, side=side)
    if runs:
        subject = replace(subject, decision=_decision(subject, runs, root, settings))
    return subject


def _decision(
    subject: "Subject", runs: tuple[str, str], root: Path, settings: "Settings"
) -> "GateDecision":
    from harness.cli._sides import (
        against_named_baseline,
        policy_of,
        records,
        require_whole_latest,
    )
    from harness.report.card.subject import side_in
    from harness.report.report import report_on

    names = runs if runs[0] != runs[1] else runs[:1]
    stored = records(names, root, settings)
    require_whole_latest(names, stored, root)
    after = side_in(subject, stored[-1], "--gate")
    report = report_on(*stored, after=after.model, policy=policy_of(settings, {}))
    report = against_named_baseline(report, names, settings, has_ledger=False)
    if report.decision is None:
        from harness.core.errors import HarnessError

        raise HarnessError(f"--gate: {runs[0]} holds one model, name a run before it")
    return report.decision


def _known(subject: "Subject") -> dict[str, "JsonValue"]:
    return {
        "results": len(subject.results) if subject.side else None,
        "gate": subject.decision.outcome.value if subject.decision else None,
        "license": subject.license,
    }


def _told(subject: "Subject") -> str:
    from harness.report.words.decision import word
    from harness.report.words.numbers import plural

    parts = [plural(len(subject.results), "result") if subject.side else "no run"]
    parts.append(word(subject.decision.outcome) if subject.decision else "no gate")
    parts.append("training recorded" if subject.training else "training not recorded")
    parts.append(f"license {subject.license or 'unknown'}")
    return ", ".join(parts)
