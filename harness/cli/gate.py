"""``harness gate``: decides whether a change made the model worse; a sentence and an exit code."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli._document import json_option, say_document
from harness.cli._gate_log import gate_log, log_options, without_log_options
from harness.cli._paths import PathType
from harness.cli._self_test import run_self_test, self_test_flags, self_test_options
from harness.cli._sides import (
    against_named_baseline,
    one_or_two_sides,
    policy_of,
    policy_options,
    records,
    side_options,
)
from harness.core.errors import HarnessError
from harness.report.console.output import say_command, say_laid_out

if TYPE_CHECKING:
    from harness.report.report import Report


@click.command()
@click.argument("runs", metavar="[BEFORE [AFTER]]", nargs=-1)
@side_options
@policy_options
@click.option(
    "--noise",
    metavar="RUN",
    help="BEFORE's model run again: how often its cases flip is the noise.",
)
@click.option(
    "--ledger/--no-ledger",
    "has_ledger",
    default=True,
    help="Enter the decision against a baseline's name in its ledger.",
)
@json_option
@click.option(
    "--comment",
    type=PathType(path_type=Path, dir_okay=False),
    help="Write the body of a pull request's comment there.",
)
@click.option(
    "--junit", type=PathType(path_type=Path, dir_okay=False), help="Write JUnit XML there."
)
@log_options
@self_test_options
def command(
    runs: tuple[str, ...],
    before: str | None,
    after: str | None,
    report_dir: Path | None,
    noise: str | None,
    has_ledger: bool,
    is_json: bool,
    comment: Path | None,
    junit: Path | None,
    **flags: Any,
) -> None:
    """Decide whether AFTER is worse than BEFORE.

    Each is a run (an id, the beginning of one, "latest" or a folder) or a baseline's name. Of one
    run with several models, its first model is before and its last after. Against a baseline's name
    its anchor decides too, and the worse outcome counts.

    With --log it decides on the two arms of harness serve --ab; it may be asked every day.

    Exit codes: 0 no regression, 1 regression, 2 a mistake in what was typed, 10 inconclusive, 11
    not comparable.

    With --self-test nothing is decided: RUN, or two runs of one model, are drawn from many times,
    with nothing changed and with losses injected, and the exit code is 0.

    Under GitHub Actions the step's summary is written and what broke is annotated.
    """
    from harness.report.report import report_on, with_noise
    from harness.run.settings import project_settings

    settings = project_settings()
    if flags["log"]:
        of_runs: dict[str, Any] = {
            "runs": runs,
            "before": before,
            "after": after,
            "report_dir": report_dir,
        }
        of_runs |= {"noise": noise, "comment": comment, "junit": junit, "no_ledger": not has_ledger}
        raise SystemExit(gate_log({**flags, **of_runs}, settings, is_json=is_json))
    flags = without_log_options(flags)
    if not runs:
        raise HarnessError("Missing argument: name BEFORE and AFTER, or --log of an experiment")
    root = report_dir or Path(settings.report_dir)
    own = self_test_flags(flags)
    policy = policy_of(settings, flags)
    if own is not None:
        if noise is not None or comment is not None or junit is not None:
            raise HarnessError("--self-test decides nothing: leave --noise, --comment, --junit out")
        sides = one_or_two_sides(runs, before, after, root, settings)
        return run_self_test(*sides, policy, is_json=is_json, **own)
    report = report_on(*records(runs, root, settings), before=before, after=after, policy=policy)
    if report.before is None:
        raise HarnessError(f"{runs[0]}: holds one model, name what to compare it with")
    if noise is not None:
        report = with_noise(report, records((noise,), root, settings)[0])
    report = against_named_baseline(report, runs, settings, has_ledger=has_ledger)
    decision = report.decision
    assert decision is not None, "it was asked for"
    if is_json:
        from harness.report.json import decided

        say_document(decided(decision))
    else:
        from harness.report.console.screen import shown
        from harness.report.words.decision import word

        say_laid_out(shown(_lines(report), sys.stdout, word(decision.outcome)))
    _tell_machines(report, comment, junit, Path(settings.tasks_dir))
    raise SystemExit(decision.exit_code)


def _lines(report: "Report") -> list[str]:
    from harness.report.console.decision import text

    assert report.decision is not None, "it was asked for"
    return list(text(report.decision))


def _tell_machines(
    report: "Report", comment: Path | None, junit: Path | None, tasks_dir: Path
) -> None:
    """Write the outputs for CI: the comment, JUnit, the step summary, annotations."""
    from harness.report import junit as xml
    from harness.report import markdown
    from harness.report.annotations import annotations

    if comment is not None:
        _write(comment, markdown.comment(report))
    if junit is not None:
        _write(junit, xml.render(report))
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        _write(Path(summary), markdown.render(report), mode="a")
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in annotations(report, tasks_dir):
            say_command(line)


def _write(path: Path, text: str, mode: str = "w") -> None:
    try:
        with path.open(mode, encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise HarnessError(f"{path}: {error.strerror}, name another file") from None
