"""Group relative policy optimisation: behaviors are the rewards (arXiv 2402.03300).

Each step draws several answers to each of some prompts; those that pass more behaviors than their
group does on average become more likely. Uses TRL's GRPOTrainer; answers are drawn by the harness'
own decoder, each with its own seed, and judged by its checks.
"""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from trainers.recipes.schema import DrawingRecipe, NumberList
from trainers.rft import encode, notes, read, shown_rows

if TYPE_CHECKING:
    from trainers.run.job import TrainingJob

__all__ = ["Options", "build", "encode", "notes", "read", "shown_rows"]


class Options(DrawingRecipe):
    """Keys of a recipe with ``method: grpo``. The answers to one prompt are the group that each of
    their rewards is compared with."""

    reward_weights: NumberList | None = None
    """A weight for each reward; by default 1."""
    beta: float = Field(default=0.0, ge=0)
    """The weight of the distance to the model before training; 0 keeps no reference."""
    loss_type: Literal["grpo", "bnpo", "dr_grpo", "dapo"] = "dapo"
    """How the losses of tokens are averaged, as TRL names it; ``dapo`` counts every token of a
    batch alike, so that long answers are not favored."""
    scale_rewards: Literal["group", "batch", "none"] = "group"
    """The answers whose standard deviation an advantage is divided by; ``none`` divides by 1."""

    @field_validator("num_generations")
    @classmethod
    def _whole_groups(cls, count: int, info: ValidationInfo) -> int:
        rows = info.data.get("per_device_train_batch_size")
        if rows is not None and rows % count:
            raise ValueError(
                f"per_device_train_batch_size {rows} is no multiple of it, so that groups are cut"
            )
        return count

    @field_validator("reward_weights")
    @classmethod
    def _one_each(
        cls, weights: tuple[float, ...] | None, info: ValidationInfo
    ) -> tuple[float, ...] | None:
        rewards = info.data.get("rewards")
        if weights is not None and rewards is not None and len(weights) != len(rewards):
            raise ValueError(f"{len(weights)} weights for {len(rewards)} rewards, give one each")
        return weights


def build(job: "TrainingJob", arguments: dict[str, Any]) -> Any:
    """Build TRL's trainer, which draws and judges answers by ``trainers.run.rollouts``.

    Args:
        arguments: keyword arguments for transformers' ``TrainingArguments``.

    Raises:
        HarnessError: the answers to nearly all prompts have equal rewards, so there is nothing to
            learn from.
    """
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    from trainers.run.evaluation import OnlyWatched, ReproducibleEvaluation
    from trainers.run.finite import FiniteLoss
    from trainers.run.rollouts import Rollouts
    from trainers.run.saving import WholeCheckpoints
    from trainers.run.shares import SharedSteps

    class Trainer(
        WholeCheckpoints,
        ReproducibleEvaluation,
        OnlyWatched,
        FiniteLoss,
        SharedSteps,
        GRPOTrainer,  # type: ignore[misc]
    ):
        pass

    recipe = job.recipe
    assert isinstance(recipe, Options), "options_of chose it"
    config = GRPOConfig(
        **arguments,
        beta=recipe.beta,
        num_generations=recipe.num_generations,
        max_completion_length=recipe.max_completion_length,
        temperature=recipe.temperature,
        loss_type=recipe.loss_type,
        scale_rewards=recipe.scale_rewards,
        reward_weights=recipe.reward_weights and [*recipe.reward_weights],
    )
    rollouts = Rollouts(job.prompts, recipe)
    indices = map(str, range(len(job.prompts.cases)))
    said = rollouts.require_variance(job.model)
    trainer = Trainer(
        model=job.model,
        args=config,
        train_dataset=Dataset.from_list([{"prompt": index} for index in indices]),
        eval_dataset=Dataset.from_list([{"prompt": "0"}]) if job.watch else None,
        processing_class=job.tokenizer,
        peft_config=job.peft_config,
        reward_funcs=rollouts.reward_functions(),
        rollout_func=rollouts.draw,
    )
    trainer.said = [("prompts", said)]
    return trainer
