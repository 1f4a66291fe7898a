"""Finds a single change of a recipe with which its training fits into a device's memory."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from trainers.model.estimate import Estimate
from trainers.recipes.schema import Recipe

LENGTH_STEP = 64

Estimator = Callable[[Recipe], Estimate]


def fits(found: Estimate, limit_mb: float) -> bool:
    """True where even the upper end of the estimate is within the limit."""
    return found.highest_mb <= limit_mb


def change_that_fits(
    recipe: Recipe, estimated: Estimator, limit_mb: float
) -> tuple[str, Estimate] | None:
    """The first single change that makes it fit, as it is written, and its estimate.

    The longest rows that fit come first, then a smaller batch, which another accumulation undoes,
    then what costs time or changes the adapter; ``None`` where no single change is enough.
    """
    for said, changes in _changes(recipe, estimated(recipe).length):
        found = estimated(recipe.model_copy(update=changes))
        if fits(found, limit_mb):
            return said, found
    return None


def _changes(recipe: Recipe, length: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    start = (length - 1) // LENGTH_STEP * LENGTH_STEP
    for shorter in range(start, 0, -LENGTH_STEP):
        yield f"max_length: {shorter}", {"max_length": shorter}
    size = recipe.per_device_train_batch_size
    if size > 1:
        steps = recipe.gradient_accumulation_steps * size
        said = f"per_device_train_batch_size: 1 with gradient_accumulation_steps: {steps}"
        yield said, {"per_device_train_batch_size": 1}
    if not recipe.activation_checkpointing:
        yield "activation_checkpointing: true", {"activation_checkpointing": True}
    if recipe.dtype == "float32":
        yield "dtype: bfloat16", {"dtype": "bfloat16"}
    if recipe.quantize != "nf4":
        yield "quantize: nf4", {"quantize": "nf4"}
    rank = recipe.lora.r
    while rank := rank // 2:
        yield f"lora.r: {rank}", {"lora": recipe.lora.model_copy(update={"r": rank})}
    if recipe.optim != "adamw_8bit":
        yield "optim: adamw_8bit", {"optim": "adamw_8bit"}
