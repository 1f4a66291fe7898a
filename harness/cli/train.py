"""``harness train``: train an adapter from a recipe."""

import sys
from typing import TextIO, cast

import click


@click.command()
@click.argument("recipe")
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
def command(
    recipe: str,
    overrides: tuple[str, ...],
    overwrite: bool,
    resume: bool,
    dry_run: bool,
    estimate: bool,
    device_gb: float | None,
) -> None:
    """Train an adapter from RECIPE, a YAML file or the name of a bundled recipe.

    \b
    harness train trainers/recipes/json_extraction_tiny.yaml
    harness train json_extraction_tiny --set max_steps=50 --set output=out/quick
    """
    from rich.console import Console

    from harness.report.console.output import LastingOutput
    from trainers.run.train import train

    if device_gb is not None and not estimate:
        raise click.UsageError("--device-gb goes with --estimate")
    output = LastingOutput(sys.stdout)
    console = Console(file=cast(TextIO, output), highlight=False)
    if estimate:
        from trainers.run.memory_plan import say_estimate

        say_estimate(recipe, overrides, device_gb, console)
    else:
        how = {"overwrite": overwrite, "resume": resume, "dry_run": dry_run}
        train(recipe, overrides, **how, console=console)
    output.require_arrived()
