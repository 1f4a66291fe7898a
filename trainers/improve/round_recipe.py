"""Writes the recipe of one round: the user's own, with the round's method, rows and adapter."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.files.atomic import write_whole
from harness.tasks.task import Task
from trainers.improve.choice import Method
from trainers.recipes.schema import Recipe, options_of

OF_ITS_OWN = {"method", "adapter", "output", "data", "rewards", "max_completion_length"}
OF_EVALUATION = {"eval_steps", "task", "watch_rows", "select", "early_stopping_patience"}
"""Keys that have no place: the adapter is judged afterwards, over held-out cases."""
GRPO_ANSWERS = 64
"""Answers of a step of GRPO, at least: of fewer, the few groups pull to and fro."""
GRPO_STEPS = 25


@dataclass(frozen=True, slots=True)
class RoundTraining:
    """The values of a round that its recipe needs."""

    method: Method
    adapter: str | None
    """That goes on; ``None`` trains a fresh one."""
    rows: Path
    output: Path
    task: Task
    behaviors: tuple[str, ...]
    """Behaviors that an answer has to pass beside the required ones."""


def write_recipe(own: Recipe, training: RoundTraining, path: Path) -> None:
    """Write the recipe, as JSON a key, which YAML can read."""
    lines = (f"{key}: {json.dumps(value)}\n" for key, value in _values(own, training).items())
    write_whole(path, [f"# harness train {path}\n", *lines])


def _values(own: Recipe, training: RoundTraining) -> dict[str, Any]:
    # Passing answers are drawn and judged already, so rejection sampling is SFT on them.
    method = "sft" if training.method == "rft" else training.method
    fields = options_of(method).model_fields.keys() - OF_ITS_OWN - OF_EVALUATION
    typed = own.model_dump(mode="json", exclude_unset=True)
    if method != own.method:
        fields &= Recipe.model_fields.keys()
    kept = {key: value for key, value in typed.items() if key in fields}
    if training.adapter is not None:
        kept.pop("lora", None)
    found = {
        "method": method,
        **kept,
        **({"adapter": training.adapter} if training.adapter is not None else {}),
        "output": str(training.output),
        "data": {"train": str(training.rows)},
    }
    if method == "grpo":
        return found | _of_grpo(own, training)
    return _of_dpo(own, found) if method == "dpo" else found


def _of_dpo(own: Recipe, found: dict[str, Any]) -> dict[str, Any]:
    """One pass, over batches of as many answers as the recipe has rows.

    A pair that is seen again and again pushes down what both of its answers say: from 39.0%, with
    the same 183 pairs, one pass reached 93.7% and 2.6 passes 89.3%, other behaviors worse.
    """
    found.pop("max_steps", None)
    pairs = max(1, own.per_device_train_batch_size // 2)
    return found | {"num_train_epochs": 1, "per_device_train_batch_size": pairs}


def _of_grpo(own: Recipe, training: RoundTraining) -> dict[str, Any]:
    """Required behaviors are one reward: one each would drown what separates the answers.

    The learning rate is held, since each step learns from other answers.
    """
    answers = int(getattr(own, "num_generations", 8))
    others = [name for name in training.behaviors if name not in training.task.required]
    is_typed = "lr_scheduler_type" in own.model_fields_set
    rows = -(-own.per_device_train_batch_size // answers) * answers
    return {
        "task": str(training.task.path),
        "rewards": ["all_required", *others],
        "max_completion_length": training.task.sampling.max_new_tokens,
        "max_steps": own.max_steps or GRPO_STEPS,
        "num_generations": answers,
        "per_device_train_batch_size": rows,
        "gradient_accumulation_steps": -(-GRPO_ANSWERS // rows),
        **({} if is_typed else {"lr_scheduler_type": "constant_with_warmup"}),
    }
