"""Options of commands that open models and keep them open: precision, device, threads."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from harness.engine.model import EngineSettings
    from harness.run.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])
trust_option = click.option(
    "--trust-remote-code",
    is_flag=True,
    help="Run the code that a transformers model brings along; read it first.",
)
_OPTIONS = (
    click.option(
        "--dtype",
        type=click.Choice(["float32", "bfloat16", "float16"]),
        help="Open in this precision.",
    ),
    click.option("--device", metavar="DEVICE", help="cpu, cuda, cuda:1, mps."),
    click.option(
        "--threads", type=click.IntRange(1), metavar="N", help="CPU threads of a backend."
    ),
    click.option("--quantize", type=click.Choice(["nf4", "int8"]), help="Quantise as it opens."),
    trust_option,
)


def opening_options(command: Command) -> Command:
    """Add the options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def settings_of(options: Mapping[str, Any], project: "Settings") -> "EngineSettings":
    """The settings that the options ask for."""
    from harness.engine.model import EngineSettings

    return EngineSettings(
        dtype=options["dtype"],
        device=options["device"],
        threads=options["threads"],
        quantize=options["quantize"],
        trust_remote_code=options["trust_remote_code"],
        stall_seconds=project.stall_seconds,
    )
