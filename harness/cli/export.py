"""``harness export``: writes a trained model in the form in which it is shipped."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli._document import json_option, say_document
from harness.cli._export_card import card
from harness.cli._export_ollama import ollama
from harness.cli._folders import tasks_dir_option
from harness.cli._group import Group
from harness.cli._paths import PathType

if TYPE_CHECKING:
    from harness.core.export_record import ExportRecord

MAX_FALLBACKS = 5
"""Tensors of another type that the terminal names; the record has them all."""
DTYPES = ("float32", "bfloat16", "float16")


@click.group(cls=Group)
def command() -> None:
    """Write a trained model as what is shipped: a merged folder, a GGUF file, a LoRA in GGUF, a
    folder for Ollama, a model card."""


command.add_command(ollama)
command.add_command(card)


def _shared(function: Callable[..., None]) -> Callable[..., None]:
    """The options of those that read weights."""
    options: list[Callable[[Any], Any]] = [
        click.option(
            "-o",
            "--output",
            "target",
            metavar="PATH",
            type=PathType(path_type=Path),
            required=True,
            help="Where to write; it appears there whole or not at all.",
        ),
        click.option(
            "--base",
            metavar="FOLDER",
            help="Put the adapter over this base. [default: the one it names]",
        ),
        click.option("--force", is_flag=True, help="Replace what an export left there before."),
        json_option,
    ]
    for option in reversed(options):
        function = option(function)
    return function


@command.command()
@click.argument("adapter")
@_shared
@click.option(
    "--dtype",
    type=click.Choice(DTYPES),
    help="Precision of the weights written. [default: the base's]",
)
def merge(
    adapter: str, target: Path, base: str | None, force: bool, is_json: bool, dtype: str | None
) -> None:
    """Merge ADAPTER into its base, as a folder that transformers opens.

    The sum is made in float32 and rounded once, to the precision that the last line names.

    \b
    harness export merge out/my_adapter -o out/merged
    harness export merge out/my_adapter -o out/merged --dtype float32
    """
    from harness.export.requirements import check_packages

    check_packages(is_gguf=False)
    from harness.export.source import open_source
    from harness.export.to_merged import to_merged

    _print(to_merged(open_source(adapter, base), target, dtype, force), target, is_json)


@command.command()
@click.argument("model")
@_shared
@click.option(
    "--type",
    "kind",
    metavar="TYPE",
    help="f32, f16, bf16, or one of llama.cpp's such as q8_0, q6_k, q5_k_m, q4_k_m. "
    "[default: what the weights are stored in]",
)
@click.option(
    "--imatrix",
    "data",
    metavar="DATA",
    help="Quantise by an importance matrix: a task, a .jsonl of prompts or training rows, or a "
    "file of llama-imatrix.",
)
@click.option(
    "--imatrix-rows",
    "most",
    type=click.IntRange(1),
    default=256,
    show_default=True,
    help="Collect it from so many conversations of DATA, spread over all.",
)
@tasks_dir_option
@click.option(
    "--converter",
    metavar="PATH",
    type=PathType(path_type=Path, exists=True),
    help="Have the llama.cpp checkout at PATH convert the model, for architectures unknown here.",
)
def gguf(
    model: str,
    target: Path,
    base: str | None,
    force: bool,
    is_json: bool,
    kind: str | None,
    converter: Path | None,
    **imatrix: Any,
) -> None:
    """Write MODEL, a model's folder or an adapter's, as one GGUF file.

    An adapter is merged into its base in float32 on the way.

    \b
    harness export gguf out/my_adapter -o model-q4.gguf --type q4_k_m
    harness export gguf out/my_adapter -o model-q2.gguf --type q2_k --imatrix json_extraction
    harness export gguf base:Qwen/Qwen2.5-0.5B-Instruct -o model.gguf
    """
    from harness.export.gguf.file_types import UNQUANTIZED, check_type
    from harness.export.requirements import check_packages

    check_packages()
    wanted = check_type(kind, has_matrix=imatrix["data"] is not None) if kind else None
    check_packages(quantizes=wanted is not None and wanted not in UNQUANTIZED)
    from harness.cli._imatrix import importance_of
    from harness.export.source import open_source
    from harness.export.to_gguf import to_gguf

    importance = importance_of(**imatrix) if imatrix["data"] is not None else None
    source = open_source(model, base)
    record = to_gguf(
        source, target, wanted, has_force=force, converter=converter, importance=importance
    )
    _print(record, target, is_json)


@command.command()
@click.argument("adapter")
@_shared
@click.option(
    "--type",
    "kind",
    type=click.Choice(["f32", "f16"]),
    default="f32",
    show_default=True,
    help="Precision of the matrices.",
)
def lora(
    adapter: str, target: Path, base: str | None, force: bool, is_json: bool, kind: str
) -> None:
    """Write ADAPTER as a LoRA in GGUF, to be put over the GGUF of its base.

    \b
    harness export gguf base:models/base -o base.gguf
    harness export lora out/my_adapter -o adapter.gguf
    pytest suites/ --model gguf:base.gguf+lora=adapter.gguf
    """
    from harness.export.requirements import check_packages

    check_packages()
    from harness.export.source import open_source
    from harness.export.to_lora import to_lora

    _print(to_lora(open_source(adapter, base), target, kind, force), target, is_json)


def _print(record: "ExportRecord", target: Path, is_json: bool) -> None:
    from harness.report.console.output import say

    say(*(f"warning: {warning}" for warning in record.warnings), *_fallbacks(record), err=True)
    if is_json:
        say_document({"output": target, "record": asdict(record)})
    else:
        say(_summary(record, target))


def _fallbacks(record: "ExportRecord") -> Iterator[str]:
    if not record.fallbacks:
        return
    count, shown = len(record.fallbacks), record.fallbacks[:MAX_FALLBACKS]
    more = f" and {count - len(shown)} more" if count > len(shown) else ""
    yield (
        f"warning: {count} of {sum(record.tensors.values())} tensors have rows that "
        f"{record.type}'s blocks do not divide, llama.cpp stored them otherwise: "
        f"{', '.join(shown)}{more}"
    )


def _summary(record: "ExportRecord", target: Path) -> str:
    size = sum(written.bytes for written in record.outputs.values())
    types = ", ".join(f"{count} {name}" for name, count in record.tensors.items())
    merged = f", merged in {record.merged_in}" if record.merged_in else ""
    if record.imatrix and record.imatrix.tokens:
        merged += f", importance of {record.imatrix.tokens:,} tokens"
    memory = record.peak_memory
    peak = max(p or 0 for p in (memory.convert_bytes, memory.quantize_bytes, memory.merge_bytes))
    return (
        f"wrote {target}: {record.type}{merged}, {size / 1e6:,.1f} MB ({types}) in "
        f"{record.seconds:.1f} s, peak memory {peak / 1e6:,.0f} MB"
    )
