"""Shows the rows of a training with their mask, and takes its first steps without keeping them.
Imports torch.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from rich.console import Console
from transformers import TrainerCallback

from harness.machine.memory import peak_memory_mb
from harness.report.words.numbers import duration, plural
from trainers.run.announce import say
from trainers.run.curve import Curve
from trainers.run.job import Method, RecipeRows, TrainingJob
from trainers.run.lengths import histogram
from trainers.run.loop import built, identity_of, take_steps
from trainers.run.saving import Saving

ROWS = 5
"""Rows that are shown."""
STEPS = 3
"""Steps that are taken: the first is slower than the others."""
PROMPTS = 32
"""Prompts that a method answers which would answer all of them before its first step."""
MOST_CHARACTERS = 600
"""Of one text of a shown row; of a longer one the beginning and the end are shown."""
MOST_REASONS = 5
"""Reasons for which rows are left out that are named."""

Lines = Iterator[tuple[str, str]]


def show_dry_run(method: Method, rows: RecipeRows, job: TrainingJob, console: Console) -> None:
    """Print lengths, rows left out, rows with their mask, and the first steps' loss and time.

    Nothing is written to the output.

    Raises:
        HarnessError: a step fails, or there is nothing to learn from.
        KeyboardInterrupt: Ctrl-C.
    """
    say(console, [*_lengths(job), *_left_out(rows, job)])
    with console.status("the first rows"):
        shown = method.shown_rows(job, ROWS)
    say(console, [(name, _ends(text)) for name, text in shown])
    with console.status("the first steps"):
        lines = [*_try_steps(method, rows, job)]
    say(console, lines)


def _lengths(job: TrainingJob) -> Lines:
    lengths = job.train.lengths
    yield "lengths", f"tokens of {plural(len(lengths), 'row')}"
    for line in histogram(lengths, job.max_length):
        yield "", line


def _left_out(rows: RecipeRows, job: TrainingJob) -> Lines:
    """The reasons with their number, the most frequent first."""
    reasons = Counter[str]()
    for file in rows.train_files:
        reasons.update(file.reasons)
    if job.train.too_long:
        reasons[f"longer than max_length {job.max_length:,}"] += job.train.too_long
    for reason, count in reasons.most_common(MOST_REASONS):
        yield "left out", f"{plural(count, 'row')}: {reason}"
    named = sum(count for _, count in reasons.most_common(MOST_REASONS))
    if rest := reasons.total() - named:
        yield "left out", f"{plural(rest, 'row')} for other reasons"
    if not reasons:
        yield "left out", "no row"


def _ends(text: str) -> str:
    """A text, or the beginning and the end of a long one."""
    half = MOST_CHARACTERS // 2
    if len(text) <= MOST_CHARACTERS:
        return text
    return f"{text[:half]} … {len(text) - 2 * half:,} more characters … {text[-half:]}"


def _try_steps(method: Method, rows: RecipeRows, job: TrainingJob) -> Lines:
    """Take the first steps of the training in a temporary folder, and say what they took."""
    tried, share = _without_extras(job)
    curve = Curve()
    with tempfile.TemporaryDirectory() as folder:
        saving = Saving(
            Path(folder), identity_of(job, rows), curve, limit=None, complete=lambda folder: None
        )
        began = time.perf_counter()
        trainer = built(method, tried, Path(folder), saving, curve)
        building = (time.perf_counter() - began) / share
        take_steps(trainer, curve, _Stop())
    yield from getattr(trainer, "said", [])
    ends = [0.0, *(point.seconds for point in curve.points)]
    taken = [after - before for before, after in pairwise(ends)]
    yield from (
        (f"step {point.step}", f"loss {point.loss:.4f}, {duration(seconds)}")
        for point, seconds in zip(curve.points, taken, strict=True)
    )
    each = sum(later := taken[1:] or taken) / len(later)
    total = building + sum(taken) + max(0, job.steps - len(taken)) * each
    without = ", without evaluations" if job.val else ""
    yield (
        "time",
        f"{plural(job.steps, 'step')} take about {duration(total)} "
        f"({duration(each)} a step{without})",
    )
    yield "memory", f"peak {peak_memory_mb(job.base.device):,.0f} MB by these steps"
    yield "dry run", f"the steps were thrown away, nothing was written to {job.recipe.output}"


def _without_extras(job: TrainingJob) -> tuple[TrainingJob, float]:
    """The job without checkpoints, evaluations and reports; and the share of its prompts that are
    answered before the first step."""
    changes: dict[str, Any] = {"logging_steps": 1, "save_steps": None, "report_to": None}
    if hasattr(job.recipe, "precompute_ref_log_probs"):
        # It would score every row for the sake of three steps.
        changes["precompute_ref_log_probs"] = False
    tried = replace(job, recipe=job.recipe.model_copy(update=changes), val=None, watch=None)
    if job.recipe.method != "rft" or len(job.prompts.cases) <= PROMPTS:
        return tried, 1.0
    few = copy(job.prompts)
    few.cases = few.cases[:PROMPTS]
    return replace(tried, prompts=few), PROMPTS / len(job.prompts.cases)


class _Stop(TrainerCallback):  # type: ignore[misc]
    """Ends a training after a few steps of its own schedule."""

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step >= STEPS:
            control.should_training_stop = True
