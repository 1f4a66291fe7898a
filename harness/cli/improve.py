"""``harness improve``: trains an adapter round after round, until a task's budgets are met."""

from dataclasses import asdict
from functools import partial
from pathlib import Path

import click

from harness.cli._document import json_option, say_document
from harness.cli._paths import PathType

NOT_MET = 1
"""Exit code when a goal is still missed: as pytest has it where a budget is."""


@click.command()
@click.argument("recipe")
@click.option("--task", required=True, metavar="NAME", help="The task whose cases decide.")
@click.option(
    "--until",
    "goals",
    metavar="NAME=RATE",
    multiple=True,
    help="A rate to reach, such as format_success_rate=0.97. Repeatable. "
    "[default: the task's budgets]",
)
@click.option(
    "--set",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    help="Use another value than the recipe's, such as output=out/quick. Repeatable.",
)
@click.option(
    "--rounds", type=click.IntRange(1, 10), default=3, show_default=True, help="The most rounds."
)
@click.option(
    "--prompts",
    type=click.IntRange(1),
    default=300,
    show_default=True,
    help="Training prompts that a round answers.",
)
@click.option(
    "--answers",
    type=click.IntRange(2),
    default=4,
    show_default=True,
    help="Answers to each of them, at temperature 1.",
)
@click.option(
    "--suites",
    multiple=True,
    type=PathType(exists=True),
    help="The suites that judge. Repeatable. [default: suites/ of the project]",
)
@json_option
def command(
    recipe: str,
    task: str,
    goals: tuple[str, ...],
    overrides: tuple[str, ...],
    suites: tuple[str, ...],
    is_json: bool,
    **sizes: int,
) -> None:
    """Train the adapter of RECIPE round after round, until the task's budgets are met.

    \b
    harness improve json_extraction_tiny --task json_extraction --until format_success_rate=0.97

    A round answers training prompts several times, mines the answers, trains by the method that
    they allow (rft, dpo or grpo), judges the adapter over the task's cases, and keeps it where the
    gate passes and the rate rose. Training prompts that are like a case of a task are left out.

    The recipe's output is the loop's folder: ledger.jsonl has a line for each round, round-N its
    rows, recipe, adapter and page. The same command goes on where it was stopped.

    Exit codes: 0 all goals are met, 1 some are not, 2 a mistake in what was typed.
    """
    from harness.files.project import in_project
    from harness.report.console.output import say
    from harness.run.settings import project_settings
    from trainers.improve.commands import Processes
    from trainers.improve.rounds import improve
    from trainers.improve.start import Sizes, improvement

    settings = project_settings()
    loop = improvement(recipe, overrides, task, goals, Sizes(**sizes), settings)
    tell = partial(say, err=is_json)
    judges = suites or (str(in_project("suites")),)
    commands = Processes(judges, task, Path(settings.report_dir), tell)
    ended = improve(loop, commands, tell)
    ledger = loop.folder / "ledger.jsonl"
    tell(ended.why, f"ledger: {ledger}", f"model: {ended.model}")
    if is_json:
        say_document({**asdict(ended), "ledger": ledger})
    if not ended.is_met:
        raise SystemExit(NOT_MET)
