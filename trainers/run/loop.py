"""Runs the training loop and writes the adapter's folder. Imports torch."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from transformers import PrinterCallback

from harness.core.errors import HarnessError
from harness.machine.environment import environment
from harness.machine.memory import peak_memory_mb
from trainers.data.rows import DataFile, EncodedRows
from trainers.model.lora import keep_adapter_exact
from trainers.model.trained_logits import only_trained_logits
from trainers.output import record
from trainers.output.folder import staged
from trainers.recipes.load import RecipeFile
from trainers.run import adapter
from trainers.run.arguments import arguments
from trainers.run.curve import Curve
from trainers.run.job import Method, RecipeRows, TrainingJob
from trainers.run.progress import ProgressShow

OUT_OF_MEMORY = (
    "out of memory at step {step}, nothing was kept; lower per_device_train_batch_size "
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
) -> record.Result:
    """Train, and write the adapter's folder.

    Raises:
        HarnessError: training diverged, memory ran out, or the folder cannot be written.
        KeyboardInterrupt: Ctrl-C; its message says after which step.
    """
    with staged(Path(job.recipe.output)) as partial:
        trainer = method.build(job, arguments(job, partial))
        keep_adapter_exact(trainer.model)
        curve = Curve()
        seconds = _fit(trainer, curve, console)
        weights = adapter.save(trainer.model, job, base_folder, partial)
        result = _result(trainer, curve, seconds, weights)
        record.write(_record(file, job, rows, curve, result, warnings), partial)
    return result


def _fit(trainer: Any, curve: Curve, console: Console) -> float:
    """Run the training loop; returns its wall time in seconds."""
    show = ProgressShow(console, curve)
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(curve)
    trainer.add_callback(show)
    try:
        with only_trained_logits():
            output = trainer.train()
    except RuntimeError as error:
        if not _is_out_of_memory(error):
            raise
        raise HarnessError(OUT_OF_MEMORY.format(step=curve.step + 1)) from error
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"after step {curve.step:,} of {trainer.state.max_steps:,}"
        ) from None
    finally:
        show.close()
    return float(output.metrics["train_runtime"])


def _is_out_of_memory(error: RuntimeError) -> bool:
    """True for CUDA's exception class, and for the CPU allocator's message."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _result(trainer: Any, curve: Curve, seconds: float, weights: str) -> record.Result:
    losses = [p.loss for p in curve.points if p.loss is not None]
    evaluations = [p.eval_loss for p in curve.points if p.eval_loss is not None]
    return record.Result(
        steps=trainer.state.global_step,
        epochs=round(float(trainer.state.epoch), 4),
        seconds=round(seconds, 3),
        first_loss=losses[0],
        last_loss=losses[-1],
        eval_loss=evaluations[-1] if evaluations else None,
        peak_memory_mb=round(peak_memory_mb(), 1),
        adapter_sha256=weights,
    )


def _record(
    file: RecipeFile,
    job: TrainingJob,
    rows: RecipeRows,
    curve: Curve,
    result: record.Result,
    warnings: list[str],
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
        curve=tuple({k: v for k, v in asdict(p).items() if v is not None} for p in curve.points),
        result=result,
        notes=job.notes,
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
