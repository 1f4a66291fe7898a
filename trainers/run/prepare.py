"""Builds a TrainingJob from rows: opens tokenizer and model, configures the adapter, tokenizes."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.engine.hf.adapter_loading import load_adapter
from harness.engine.hf.quantization import numel
from harness.engine.prompt import has_template
from harness.model_files.end_tokens import end_ids
from harness.model_files.fingerprint import folder_hash
from harness.run.settings import project_settings
from harness.tasks.task import Task
from trainers.data.rows import EncodedRows, ending_token
from trainers.model.base import (
    Device,
    choose_device,
    open_model,
    open_tokenizer,
    usable_length,
)
from trainers.model.lora import lora_config, target_modules
from trainers.recipes.load import RecipeFile
from trainers.recipes.schema import Recipe
from trainers.run.behaviors import Watch
from trainers.run.exchange import Exchange
from trainers.run.job import BaseInfo, Method, RecipeRows, TrainingJob
from trainers.run.prompts import Prompts
from trainers.run.quiet import silence_bars
from trainers.run.selection import Selection
from trainers.run.tool_rows import check_tool_rows


def prepare(
    file: RecipeFile, method: Method, rows: RecipeRows, task: Task | None, exchange: Exchange
) -> tuple[TrainingJob, Path]:
    """The TrainingJob, and the local folder of its base.

    Raises:
        HarnessError: the base cannot be used, a layer's name matches nothing, or no row fits.
    """
    silence_bars()
    recipe = file.recipe
    folder, tokenizer = open_tokenizer(recipe, file.where("base"))
    check_tool_rows(file, folder, tokenizer, rows, task)
    device = choose_device(recipe, folder, exchange.local_count)
    model = open_model(recipe, folder, device)
    parameters = numel(model)
    model, lora = _with_adapter(file, model, folder)
    max_length = usable_length(recipe, model, file.where("max_length"))
    stops = end_ids(model.generation_config.eos_token_id, tokenizer.eos_token_id)
    arguments = tuple(recipe.template.items())
    ending = ending_token(tokenizer, stops, arguments)
    how = (max_length, ending, stops, arguments)
    train = method.encode(recipe, tokenizer, rows.train, *how)
    val = method.encode(recipe, tokenizer, rows.val, *how) if rows.val else None
    for encoded, key in ((train, "train"), (val, "val")):
        if encoded and not encoded.rows:
            raise HarnessError(_nothing_fits(file, encoded, max_length, key))
    _check_vocabulary(model, train, file.where("base"))
    names = [t] if isinstance(t := lora.target_modules, str) else sorted(t)
    job = TrainingJob(
        recipe=recipe,
        model=model,
        tokenizer=tokenizer,
        peft_config=None if recipe.adapter else lora,
        lora=lora,
        base=_base_info(recipe, model, tokenizer, folder, device, parameters),
        train=train,
        val=val,
        max_length=max_length,
        ending=ending,
        steps=steps_of(recipe, len(train.rows), exchange.count),
        exchange=exchange,
        target_modules=tuple(names),
        trainable_parameters=_trained(model)
        if recipe.adapter
        else _adapter_parameters(model, lora.r, names),
        task=task,
        watch=Watch(Prompts(task, rows.val[: recipe.watch_rows], tokenizer, exchange))
        if task and rows.val
        else None,
        selection=_selection(recipe),
        prompts=Prompts(task, _fitting(rows.train, train, max_length), tokenizer, exchange)
        if task and recipe.needs_task
        else None,
        notes=(*_read(file), *file.notes, *device.notes, *_notes(train), *method.notes(train)),
    )
    return job, folder


def _fitting(rows: Sequence[Any], encoded: EncodedRows, max_length: int) -> list[Any]:
    """The rows that are kept, before tokenization."""
    lengths = zip(rows, encoded.lengths, strict=True)
    return [row for row, length in lengths if length <= max_length]


def _selection(recipe: Recipe) -> Selection | None:
    """The choice of the step whose adapter is kept, by the project's gate."""
    if recipe.select is None:
        return None
    gate = project_settings().gate
    return Selection(recipe.select, recipe.early_stopping_patience, gate)


def _with_adapter(file: RecipeFile, model: Any, folder: Path) -> tuple[Any, Any]:
    """The model, with the adapter that goes on, and peft's configuration of that or a fresh one."""
    recipe = file.recipe
    if recipe.adapter is None:
        names = target_modules(model, recipe.lora, file.where("lora.target_modules"))
        return model, lora_config(model, recipe.lora, names, recipe.base)
    try:
        adapted = load_adapter(model, folder, Path(recipe.adapter), is_trainable=True)
    except HarnessError as error:
        raise HarnessError(*(f"{file.where('adapter')}: {m}" for m in error.mistakes)) from None
    return adapted, adapted.peft_config["default"]


def steps_of(recipe: Recipe, rows: int, processes: int = 1) -> int:
    """Optimiser steps of the run, as transformers' Trainer counts them."""
    if recipe.max_steps is not None:
        return recipe.max_steps
    batches = math.ceil(rows / recipe.per_device_train_batch_size)
    in_a_step = recipe.gradient_accumulation_steps * processes
    return math.ceil(recipe.num_train_epochs * math.ceil(batches / in_a_step))


def _check_vocabulary(model: Any, train: EncodedRows, where: str) -> None:
    size = int(model.get_input_embeddings().weight.shape[0])
    largest = max(max(ids) for row in train.rows for ids in row.values())
    if largest >= size:
        raise HarnessError(
            f"{where}: its tokenizer writes token {largest}, but the model has only {size}; they "
            "do not belong together"
        )


def _trained(model: Any) -> int:
    """Parameters of the adapter that goes on."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def _adapter_parameters(model: Any, rank: int, names: list[str]) -> int:
    """Those of a fresh adapter: A (inputs x rank) and B (rank x outputs) for each layer."""
    count = 0
    for path, module in model.named_modules():
        if any(path == name or path.endswith(f".{name}") for name in names):
            inputs = getattr(module, "in_features", None) or module.weight.shape[0]
            outputs = getattr(module, "out_features", None) or module.weight.shape[1]
            count += rank * (inputs + outputs)
    return count


def _base_info(
    recipe: Recipe, model: Any, tokenizer: Any, folder: Path, device: Device, parameters: int
) -> BaseInfo:
    return BaseInfo(
        name=recipe.base,
        architecture=str(model.config.model_type),
        parameters=parameters,
        weights_sha256=folder_hash(folder),
        dtype=device.dtype_name,
        quantize=device.quantize,
        device=device.kind,
        threads=device.threads,
        has_template=has_template(tokenizer),
    )


def _read(file: RecipeFile) -> list[str]:
    """A line for each key of the recipe that has another spelling."""
    return [f"{typed} is read as {key}" for typed, key in file.read]


def _notes(train: EncodedRows) -> list[str]:
    if not train.plain_prompts:
        return []
    return [
        f"{train.plain_prompts:,} prompts are plain text and bypass the base's chat template, "
        "which the suites will use; write prompts as messages"
    ]


def _nothing_fits(file: RecipeFile, encoded: EncodedRows, max_length: int, key: str) -> str:
    return (
        f"{file.where(f'data.{key}')}: none of the {encoded.too_long:,} rows fits into max_length "
        f"{max_length}, raise it (the longest row has {encoded.longest} tokens)"
    )
