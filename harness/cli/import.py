"""``harness import``: reads a shipped model back into a folder that trainers train on."""

from dataclasses import asdict
from pathlib import Path

import click

from harness.cli._document import json_option, say_document
from harness.cli._group import Group
from harness.cli._paths import PathType

DTYPES = ("float32", "bfloat16", "float16")


@click.group(cls=Group)
def command() -> None:
    """Read a shipped model back into a folder that transformers opens."""


@command.command()
@click.argument("file", type=PathType(path_type=Path))
@click.option(
    "-o",
    "--output",
    "target",
    metavar="DIR",
    type=PathType(path_type=Path),
    required=True,
    help="Where to write; it appears there whole or not at all.",
)
@click.option(
    "--dtype",
    type=click.Choice(DTYPES),
    help="Precision of the weights written. [default: the narrowest that rounds nothing]",
)
@click.option("--force", is_flag=True, help="Replace what an import left there before.")
@json_option
def gguf(file: Path, target: Path, dtype: str | None, force: bool, is_json: bool) -> None:
    """Read FILE, a GGUF file, into a folder of weights, tokenizer and chat template.

    Quantised weights become the numbers that they stand for. What the folder lacks is named, a line
    each.

    \b
    harness import gguf model-q4.gguf -o models/imported
    harness train json_extraction_tiny --set base=models/imported
    """
    from harness.export.requirements import check_packages

    check_packages(doing="importing")
    from harness.export.from_gguf import from_gguf
    from harness.report.console.output import say

    record = from_gguf(file, target, dtype, force)
    say(*(f"lost: {loss}" for loss in record.warnings), err=True)
    if is_json:
        say_document({"output": target, "record": asdict(record)})
        return
    size = sum(written.bytes for written in record.outputs.values()) / 1e6
    peak = (record.peak_memory.convert_bytes or 0) / 1e6
    say(
        f"wrote {target}: {record.architecture}, {record.type}, {size:,.1f} MB in "
        f"{record.seconds:.1f} s, peak memory {peak:,.0f} MB"
    )
