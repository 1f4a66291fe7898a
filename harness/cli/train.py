"""``harness train``: train an adapter from a recipe."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

from harness.cli._document import say_document
from harness.cli._paths import PathType
from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from rich.console import Console

TRAINING = ("overwrite", "resume", "dry_run")
"""Options of a training alone."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The command's options; the help says what each is."""

    recipe: str | None
    overrides: tuple[str, ...]
    overwrite: bool
    resume: bool
    dry_run: bool
    estimate: bool
    device_gb: float | None
    is_json: bool
    watch_only: Path | None
    once: bool

    def require_one_thing(self) -> None:
        """
        Raises:
            UsageError, HarnessError: options are given that do not go together.
        """
        if self.device_gb is not None and not self.estimate:
            raise click.UsageError("--device-gb goes with --estimate")
        if self.is_json and not self.estimate:
            raise click.UsageError(
                "--json goes with --estimate: a training writes training.json into its output"
            )
        if self.once and self.watch_only is None:
            raise click.UsageError("--once goes with --watch-only")
        if (self.recipe is None) == (self.watch_only is None):
            raise click.UsageError("name a recipe, or --watch-only and the output of a training")
        self._require_training()

    def _require_training(self) -> None:
        """Refuse what a command that trains nothing would pass over."""
        others = {"--watch-only": self.watch_only is not None, "--estimate": self.estimate}
        given = [name for name, is_given in others.items() if is_given]
        if len(given) > 1:
            raise HarnessError(f"{' and '.join(given)}: give the one, then the other")
        unused = [name for name in TRAINING if getattr(self, name)]
        if given and unused:
            option = f"--{unused[0].replace('_', '-')}"
            raise HarnessError(f"{given[0]} trains nothing, leave out {option}")


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
def command(**options: Any) -> None:
    """Train an adapter from RECIPE, a YAML file or the name of a bundled recipe.

    \b
    harness train trainers/recipes/json_extraction_tiny.yaml
    harness train json_extraction_tiny --set max_steps=50 --set output=out/quick
    harness train --watch-only out/quick
    """
    from rich.console import Console

    from harness.report.console.output import LastingOutput
    from trainers.run.train import train

    asked = Asked(**options)
    asked.require_one_thing()
    output = LastingOutput(sys.stdout)
    console = Console(file=cast(TextIO, output), highlight=False)
    if asked.watch_only is not None:
        from trainers.run.train import watch_checkpoints

        watch_checkpoints(asked.watch_only, asked.overrides, once=asked.once, console=console)
    elif asked.estimate:
        _estimate(asked, console)
    else:
        how = {name: getattr(asked, name) for name in TRAINING}
        train(str(asked.recipe), asked.overrides, **how, console=console)
    output.require_arrived()


def _estimate(asked: Asked, console: "Console") -> None:
    from trainers.run.memory_plan import memory_plan, say_estimate

    plan = memory_plan(str(asked.recipe), asked.overrides, asked.device_gb)
    if asked.is_json:
        say_document({"recipe": asked.recipe, **plan.values()})
    else:
        say_estimate(plan, console)
