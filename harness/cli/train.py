"""``harness train``: train an adapter from a recipe."""

import sys
from pathlib import Path
from typing import TextIO, cast

import click

from harness.cli._document import say_document
from harness.cli._paths import PathType


@click.command()
@click.argument("recipe", required=False)
@click.option(
    "--set",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    help="Use another value than the recipe's, such as lora.r=8. Repeatable.",
)
@click.option("--overwrite", is_flag=True, help="Replace the adapter in the output folder.")
@click.option("--resume", is_flag=True, help="Go on from the newest checkpoint, if there is one.")
@click.option(
    "--dry-run", is_flag=True, help="Show rows with their mask, try three steps, keep nothing."
)
@click.option("--estimate", is_flag=True, help="Say how much memory it would need, and stop.")
@click.option(
    "--device-gb",
    type=click.FloatRange(0, min_open=True),
    help="With --estimate: the memory of a GPU to train on, in GB of 10^9 bytes.",
)
@click.option("--json", "is_json", is_flag=True, help="With --estimate: one JSON document.")
@click.option(
    "--watch-only",
    metavar="RUN_DIR",
    type=PathType(path_type=Path, file_okay=False),
    help="Train nothing: judge the checkpoints of the training into RUN_DIR until it has ended.",
)
@click.option("--once", is_flag=True, help="With --watch-only: those that are there, and stop.")
def command(
    recipe: str | None,
    overrides: tuple[str, ...],
    overwrite: bool,
    resume: bool,
    dry_run: bool,
    estimate: bool,
    device_gb: float | None,
    is_json: bool,
    watch_only: Path | None,
    once: bool,
) -> None:
    """Train an adapter from RECIPE, a YAML file or the name of a bundled recipe.

    \b
    harness train trainers/recipes/json_extraction_tiny.yaml
    harness train json_extraction_tiny --set max_steps=50 --set output=out/quick
    harness train --watch-only out/quick
    """
    from rich.console import Console

    from harness.report.console.output import LastingOutput
    from trainers.run.train import train

    if device_gb is not None and not estimate:
        raise click.UsageError("--device-gb goes with --estimate")
    if is_json and not estimate:
        raise click.UsageError(
            "--json goes with --estimate: a training writes training.json into its output"
        )
    if once and watch_only is None:
        raise click.UsageError("--once goes with --watch-only")
    if (recipe is None) == (watch_only is None):
        raise click.UsageError("name a recipe, or --watch-only and the output of a training")
    output = LastingOutput(sys.stdout)
    console = Console(file=cast(TextIO, output), highlight=False)
    if recipe is None:
        from trainers.run.train import watch_checkpoints

        assert watch_only is not None, "one of the two is named"
        watch_checkpoints(watch_only, overrides, once=once, console=console)
    elif estimate:
        from trainers.run.memory_plan import memory_plan, say_estimate

        plan = memory_plan(recipe, overrides, device_gb)
        if is_json:
            say_document({"recipe": recipe, **plan.values()})
        else:
            say_estimate(plan, console)
    else:
        how = {"overwrite": overwrite, "resume": resume, "dry_run": dry_run}
        train(recipe, overrides, **how, console=console)
    output.require_arrived()
