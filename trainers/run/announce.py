"""Prints the lines before and after a training: its settings, its result, the next command."""

import shlex
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.core.record import FORMAT_SUCCESS
from harness.report.words.escaping import safe_line
from harness.report.words.numbers import plural
from trainers.data.rows import DataFile, EncodedRows
from trainers.model.estimate import Estimate
from trainers.output.record import Result
from trainers.run.job import RecipeRows, TrainingJob
from trainers.run.memory_plan import in_short

NAME_WIDTH = 9
COLORS = {
    "masked": "dim",
    "learns": "green",
    "chosen": "green",
    "earns": "green",
    "rejected": "red",
    "fails": "red",
}
"""Colors of a shown row's texts; the names beside them say the same without."""


def say(console: Console, lines: list[tuple[str, str]]) -> None:
    """Print name and text, one line each; long text is wrapped on a terminal, never in a pipe."""
    if not console.is_terminal:
        for name, text in lines:
            print(safe_line(f"{name:<{NAME_WIDTH}} {text}"), file=console.file, flush=True)
        return
    table = Table.grid(padding=(0, 1))
    table.add_column(width=NAME_WIDTH, style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in lines:
        table.add_row(name, Text(safe_line(text), style=COLORS.get(name, "")))
    console.print(table)


def opening(job: TrainingJob, rows: RecipeRows) -> list[tuple[str, str]]:
    recipe, base = job.recipe, job.base
    lora = job.lora
    share = job.trainable_parameters / base.parameters
    lines = [
        ("base", _base(job)),
        ("data", _data(rows.train_files, job.train, job.max_length)),
    ]
    if job.val:
        lines.append(("val", _data(rows.val_files, job.val, job.max_length)))
    lines += [("rows", text) for f in (*rows.train_files, *rows.val_files) for text in _shape(f)]
    lines += [
        (
            "lora",
            f"{_continued(recipe.adapter)}r {lora.r}, alpha {lora.lora_alpha:g} on "
            f"{', '.join(job.target_modules)}: "
            f"{job.trainable_parameters:,} parameters trained ({share:.1%})",
        ),
        ("steps", _steps(job)),
        ("output", recipe.output),
    ]
    return lines + [("note", note) for note in job.notes]


def judged_line(behaviors: Mapping[str, Any]) -> str:
    """``format_success_rate 92% (80 to 98%) of 50 prompts; ...`` of all that some answer fails;
    ``all behaviors 100%`` where there are none."""
    if not behaviors:
        return "nothing was judged"
    shown = [
        f"{name} {found['rate']:.0%} ({found['interval'][0]:.0%} to {found['interval'][1]:.0%})"
        for name, found in behaviors.items()
        if name == FORMAT_SUCCESS or found["rate"] < 1
    ]
    judged = max(found["judged"] for found in behaviors.values())
    return f"{', '.join(shown) or 'all behaviors 100%'} of {judged} held-out prompts"


def _continued(adapter: str | None) -> str:
    return f"{adapter} goes on: " if adapter else ""


def memory(estimate: Estimate | None) -> list[tuple[str, str]]:
    """The memory that the training will need, where it can be estimated."""
    if estimate is None:
        return []
    beside = estimate.peak_mb - estimate.own_mb
    own = f", {beside:,.0f} of them CUDA's context" if beside else ""
    return [("memory", f"about {in_short(estimate)} expected{own}")]


def closing(
    output: str, result: Result, warnings: list[str], estimate: Estimate | None
) -> list[tuple[str, str]]:
    loss = f"loss {result.first_loss:.4f} -> {result.last_loss:.4f}"
    if result.eval_loss is not None:
        loss += f", val {result.eval_loss:.4f}"
    peak = f"peak memory {result.peak_memory_mb:,.0f} MB"
    if estimate is not None:
        peak += f" ({estimate.own_mb:,.0f} expected)"
    lines = [("warning", message) for message in warnings]
    judged = [("judged", judged_line(result.behaviors))] if result.behaviors else []
    kept = [("kept", result.kept["why"])] if result.kept else []
    return [
        *lines,
        ("trained", f"{result.steps:,} steps in {result.seconds:.1f} s, {loss}, {peak}"),
        *judged,
        *kept,
        ("adapter", output),
        ("next", f"pytest suites/ --model {shlex.quote(f'adapter:{output}')}"),
    ]


def _base(job: TrainingJob) -> str:
    base = job.base
    quantized = f" in {base.quantize}" if base.quantize != "none" else ""
    plural = "s" if base.threads > 1 else ""
    threads = f", {base.threads} thread{plural}" if base.device == "cpu" else ""
    return (
        f"{base.name} ({base.architecture}, {base.parameters:,} parameters{quantized}), "
        f"{base.dtype} on {base.device}{threads}"
    )


def _data(files: tuple[DataFile, ...], encoded: EncodedRows, max_length: int) -> str:
    names = ", ".join(f.path for f in files)
    text = (
        f"{names}: {len(encoded.rows):,} rows, {encoded.tokens:,} tokens, "
        f"{encoded.trained_tokens:,} of them trained"
    )
    if encoded.too_long:
        text += (
            f"; {encoded.too_long:,} rows longer than {max_length} tokens left out "
            f"(the longest has {encoded.longest})"
        )
    return text


def _shape(file: DataFile) -> list[str]:
    """How a file's rows are understood, and those left out; nothing where that goes unsaid."""
    text = f"{file.path}: {file.shape}"
    if file.left_out:
        return [f"{text}; {plural(file.left_out, 'row')} left out, no examples to imitate"]
    return [text] if ":" in file.shape else []


def _steps(job: TrainingJob) -> str:
    recipe = job.recipe
    count = job.exchange.count
    batch = recipe.per_device_train_batch_size * recipe.gradient_accumulation_steps * count
    rows = f"{batch} rows a step" + (f" in {count} processes" if count > 1 else "")
    passes = f"{recipe.num_train_epochs:g} epochs" if recipe.max_steps is None else "max_steps"
    return f"{job.steps:,} ({passes}, {rows}), learning rate {recipe.learning_rate:g}"
