"""Runs the training loop and writes the adapter's folder. Imports transformers."""

import json
import platform
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from transformers import PrinterCallback

from harness.core.errors import HarnessError
from harness.core.plan import sha256_of
from harness.machine.environment import environment, versions
from harness.machine.memory import is_out_of_memory, peak_memory_mb
from harness.model_files.fingerprint import folder_hash
from harness.tasks.task import Task
from trainers.data.leaks import write_sketch
from trainers.data.rows import DataFile, EncodedRows
from trainers.model.lora import keep_adapter_exact
from trainers.model.trained_logits import only_trained_logits
from trainers.output import record
from trainers.output.checkpoints import Checkpoint, newest_checkpoint
from trainers.output.folder import RECIPE, batch_file, partial_folder, staged
from trainers.output.identity import Identity, decisive, require_same
from trainers.recipes.load import RecipeFile
from trainers.run import adapter
from trainers.run.announce import say
from trainers.run.arguments import arguments
from trainers.run.curve import Curve, point_values
from trainers.run.exchange import Exchange
from trainers.run.job import Method, RecipeRows, TrainingJob
from trainers.run.keeping import Keeping
from trainers.run.progress import ProgressShow
from trainers.run.saving import Saving, go_on
from trainers.run.selection import Selection
from trainers.run.sparklines import sparklines

DECISIVE_PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "bitsandbytes")
"""Packages that compute a step."""
OUT_OF_MEMORY = (
    "out of memory at step {step}; lower per_device_train_batch_size "
    "and raise gradient_accumulation_steps by as much, lower max_length, or set "
    "activation_checkpointing: true or quantize: nf4"
)


def train_job(
    file: RecipeFile,
    method: Method,
    rows: RecipeRows,
    job: TrainingJob,
    base_folder: Path,
    console: Console,
    warnings: list[str],
    *,
    resume: bool = False,
) -> record.Result:
    """Train, from the newest checkpoint with ``resume``, and write the adapter's folder.

    Raises:
        HarnessError: training diverged, memory ran out, or the folder cannot be written.
        KeyboardInterrupt: Ctrl-C; its message says after which step.
    """
    output, identity, exchange = Path(job.recipe.output), identity_of(job, rows), job.exchange
    exchange.together(lambda: require_same(exchange.all(identity)))
    checkpoint: Checkpoint | None = None
    notes: list[str] = []
    if resume:
        partial = partial_folder(output)
        checkpoint, notes = exchange.together(lambda: newest_checkpoint(partial, identity))
    with _written_by_first(exchange, output, resume=resume) as partial:
        if exchange.is_first:
            recipe = job.recipe.model_dump(mode="json", exclude_unset=True)
            (partial / RECIPE).write_text(json.dumps(recipe, indent=1) + "\n", "utf-8")
        own = partial if exchange.is_first else None
        curve = Curve(own)
        keeping = Keeping(own, curve, job.selection) if job.selection else None
        saving = Saving(
            partial,
            identity,
            curve,
            job.recipe.save_total_limit,
            lambda folder: adapter.complete(folder, job, base_folder),
            keeping=keeping,
            is_writing=exchange.is_first,
        )
        say(console, _resuming(checkpoint, notes, resume=resume))
        trainer = built(method, job, partial, saving, curve)
        said = getattr(trainer, "said", [])
        say(console, said)
        notes += [text for _, text in said]
        if checkpoint:
            saving.resumed = (*checkpoint.resumed, checkpoint.step)
            curve.go_on(checkpoint.curve, checkpoint.step, checkpoint.seconds)
            if keeping:
                keeping.go_on(checkpoint)
        if checkpoint is None or not go_on(trainer, checkpoint, job.steps):
            _fit(trainer, curve, console, checkpoint)
            say(console, sparklines(curve.points))
        notes += _unlike(exchange.all(adapter.fingerprint(trainer.model)))
        weights = ""
        if exchange.is_first:
            weights = adapter.save(trainer.model, job, base_folder, partial, keeping)
        peaks_mb = exchange.all(peak_memory_mb(job.base.device))
        result = _result(trainer, curve, weights, job.selection, peaks_mb)
        if exchange.is_first:
            found = _record(file, job, rows, curve, result, notes, warnings, saving.resumed)
            record.write(found, partial)
            write_sketch([row.prompt for row in rows.train], partial)
    return result


def built(method: Method, job: TrainingJob, folder: Path, saving: Saving, curve: Curve) -> Any:
    """The method's trainer over the job, ready to take its first step."""
    trainer = method.build(job, arguments(job, folder))
    trainer.exchange, trainer.curve, trainer.watch = job.exchange, curve, job.watch
    curve.optimizer = lambda: trainer.optimizer
    trainer.saving, trainer.batch_file = saving, batch_file(Path(job.recipe.output))
    keep_adapter_exact(trainer.model)
    return trainer


@contextmanager
def _written_by_first(exchange: Exchange, output: Path, *, resume: bool) -> Iterator[Path]:
    """The partial folder of the output, claimed and published by one process of all."""
    with ExitStack() as stack:
        yield exchange.together(
            lambda: (
                stack.enter_context(staged(output, resume=resume))
                if exchange.is_first
                else partial_folder(output)
            )
        )


def _unlike(fingerprints: list[str]) -> list[str]:
    """A note where the processes' adapters differ, as machines of two kinds may compute them."""
    if len({*fingerprints}) == 1:
        return []
    return ["the processes' adapters ended with other last digits; the first one's is written"]


def identity_of(job: TrainingJob, rows: RecipeRows) -> Identity:
    """The values that decide the bits of the adapter."""
    base, recipe = job.base, job.recipe
    choosing = rows.val_files if recipe.select else ()
    device = {key: getattr(base, key) for key in ("dtype", "quantize", "device", "threads")}
    return Identity(
        recipe={**decisive(recipe.model_dump(mode="json")), **device},
        data=tuple(file.sha256 for file in (*rows.train_files, *choosing)),
        base=base.weights_sha256,
        adapter=folder_hash(Path(recipe.adapter)) if recipe.adapter else "",
        task=_declarations(job.task) if job.task and (recipe.needs_task or recipe.select) else "",
        steps=job.steps,
        processes=job.exchange.count,
        versions={"python": platform.python_version(), **versions(DECISIVE_PACKAGES)},
    )


def _declarations(task: Task) -> str:
    """One hash of all that decides a verdict."""
    return sha256_of([task.file.model_dump(mode="json"), task.schema_sha256])


def _resuming(
    checkpoint: Checkpoint | None, notes: list[str], *, resume: bool
) -> list[tuple[str, str]]:
    lines = [("note", note) for note in notes]
    if checkpoint:
        lines.append(("goes on", f"from {checkpoint.path}"))
    elif resume:
        lines.append(("goes on", "from the beginning: there is no checkpoint yet"))
    return lines


def _fit(trainer: Any, curve: Curve, console: Console, checkpoint: Checkpoint | None) -> None:
    """Run the training loop, and show how far it is."""
    show, keeping = ProgressShow(console, curve), trainer.saving.keeping
    try:
        take_steps(trainer, curve, show, *([keeping] if keeping else []), checkpoint=checkpoint)
    finally:
        show.close()


def take_steps(
    trainer: Any, curve: Curve, *callbacks: Any, checkpoint: Checkpoint | None = None
) -> None:
    """Run the training loop.

    Raises:
        HarnessError: memory ran out.
        KeyboardInterrupt: Ctrl-C; its message says after which step.
    """
    trainer.remove_callback(PrinterCallback)
    for callback in (curve, *callbacks):
        trainer.add_callback(callback)
    try:
        with only_trained_logits():
            trainer.train(resume_from_checkpoint=checkpoint and str(checkpoint.path))
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise HarnessError(OUT_OF_MEMORY.format(step=curve.step + 1)) from error
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"after step {curve.step:,} of {trainer.state.max_steps:,}"
        ) from None


def _result(
    trainer: Any,
    curve: Curve,
    weights: str,
    selection: Selection | None,
    peaks_mb: Sequence[float],
) -> record.Result:
    losses = [p.loss for p in curve.points if p.loss is not None]
    steps = trainer.state.global_step
    kept = selection.kept if selection and selection.kept is not None else steps
    own = [p for p in curve.points if p.step <= kept]
    evaluations = [p.eval_loss for p in own if p.eval_loss is not None]
    return record.Result(
        steps=steps,
        epochs=round(float(trainer.state.epoch), 4),
        seconds=curve.points[-1].seconds if curve.points else 0.0,
        first_loss=losses[0],
        last_loss=losses[-1],
        eval_loss=evaluations[-1] if evaluations else None,
        behaviors=next((p.behaviors for p in reversed(own) if p.behaviors), None),
        kept=selection.told(steps) if selection else None,
        peak_memory_mb=round(max(peaks_mb), 1),
        adapter_sha256=weights,
    )


def _record(
    file: RecipeFile,
    job: TrainingJob,
    rows: RecipeRows,
    curve: Curve,
    result: record.Result,
    notes: list[str],
    warnings: list[str],
    resumed: tuple[int, ...],
) -> record.TrainingRecord:
    val = _data(rows.val_files, job.val) if job.val else None
    return record.TrainingRecord(
        created=record.now(),
        method=job.recipe.method,
        recipe=job.recipe.model_dump(mode="json"),
        recipe_file=str(file.path),
        recipe_sha256=file.sha256,
        overrides=file.overrides,
        base=asdict(job.base),
        data={"train": _data(rows.train_files, job.train), "val": val},
        max_length=job.max_length,
        target_modules=job.target_modules,
        trainable_parameters=job.trainable_parameters,
        adapter_dtype="float32",
        processes=job.exchange.count,
        curve=tuple(point_values(point) for point in curve.points),
        resumed=resumed,
        result=result,
        notes=(*job.notes, *notes),
        warnings=tuple(warnings),
        environment=environment(),
    )


def _data(files: tuple[DataFile, ...], encoded: EncodedRows) -> dict[str, Any]:
    return {
        "files": [asdict(f) for f in files],
        "rows": len(encoded.rows),
        "rows_too_long": encoded.too_long,
        "longest_tokens": encoded.longest,
        "tokens": encoded.tokens,
        "trained_tokens": encoded.trained_tokens,
    }
