"""``harness compare``: what changed between two runs, without a decision."""

import sys
from pathlib import Path

import click

from harness.cli._document import json_option, say_document
from harness.cli._sides import ALLOWABLE, records, side_options
from harness.core.errors import HarnessError
from harness.report.console.output import say_laid_out

NOT_COMPARABLE = 11


@click.command()
@click.argument("runs", metavar="BEFORE [AFTER]", nargs=-1, required=True)
@side_options
@click.option(
    "--allow", multiple=True, type=click.Choice(ALLOWABLE), help="What may differ; repeatable."
)
@json_option
def command(
    runs: tuple[str, ...],
    before: str | None,
    after: str | None,
    report_dir: Path | None,
    allow: tuple[str, ...],
    is_json: bool,
) -> None:
    """Show what changed from BEFORE to AFTER, case by case and behavior by behavior.

    Each is a run (an id, the beginning of one, "latest" or a folder) or a baseline's name. Of one
    run with several models, its first model is before and its last after.

    Exit codes: 0, or 11 when the runs cannot be compared and what differs is not allowed to.
    """
    from harness.cli._sides import policy_of
    from harness.report.json import content
    from harness.report.report import report_on
    from harness.run.settings import project_settings

    settings = project_settings()
    root = report_dir or Path(settings.report_dir)
    policy = policy_of(settings, {"allow": allow})
    report = report_on(*records(runs, root, settings), before=before, after=after, policy=policy)
    if report.decision is None:
        raise HarnessError(f"{runs[0]}: holds one model, name what to compare it with")
    if is_json:
        say_document(content(report))
    else:
        from harness.report.console.comparison import text
        from harness.report.console.screen import shown

        say_laid_out(shown(text(report), sys.stdout))
    raise SystemExit(NOT_COMPARABLE if report.decision.refused else 0)
