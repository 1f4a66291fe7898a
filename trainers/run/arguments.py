"""Translates a recipe into the arguments of transformers' TrainingArguments."""

from pathlib import Path
from typing import Any

import torch

from trainers.run.job import TrainingJob


def arguments(job: TrainingJob, folder: Path) -> dict[str, Any]:
    """Keyword arguments for ``TrainingArguments`` and TRL's subclasses of it."""
    recipe, base = job.recipe, job.base
    is_cuda = base.device == "cuda"
    return {
        "output_dir": str(folder),
        "seed": recipe.seed,
        "per_device_train_batch_size": recipe.per_device_train_batch_size,
        "per_device_eval_batch_size": recipe.per_device_train_batch_size,
        "gradient_accumulation_steps": recipe.gradient_accumulation_steps * job.exchange.count,
        "num_train_epochs": recipe.num_train_epochs,
        "max_steps": recipe.max_steps or -1,
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": recipe.lr_scheduler_type,
        "warmup_steps": _warmup(recipe.warmup_steps),
        "weight_decay": recipe.weight_decay,
        "max_grad_norm": recipe.max_grad_norm,
        "optim": recipe.optim,
        "activation_checkpointing": recipe.activation_checkpointing,
        "use_cpu": not is_cuda,
        # Autocast in the base's dtype; the adapter's own weights stay in float32.
        "bf16": base.dtype == "bfloat16",
        "fp16": base.dtype == "float16" and is_cuda,
        "tf32": True if is_cuda and torch.cuda.get_device_capability() >= (8, 0) else None,
        "dataloader_pin_memory": is_cuda,
        "logging_strategy": "steps",
        "logging_steps": recipe.logging_steps,
        "logging_first_step": True,
        # Otherwise a NaN loss is logged as the average of the losses before it.
        "logging_nan_inf_filter": False,
        "disable_tqdm": True,
        "report_to": [*((job.exchange.is_first and recipe.report_to) or ("none",))],
        "save_strategy": "steps" if recipe.save_steps else "no",
        "save_steps": recipe.save_steps or 500,
        "eval_strategy": _evaluation(job),
        "eval_steps": recipe.eval_steps,
        "prediction_loss_only": True,
    }


def _warmup(steps: float) -> float:
    """A share of all steps, or a number of them, which transformers tells apart by type."""
    return steps if steps < 1 else int(steps)


def _evaluation(job: TrainingJob) -> str:
    if job.val is None:
        return "no"
    return "steps" if job.recipe.eval_steps else "epoch"
