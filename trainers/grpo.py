"""Group relative policy optimisation: behaviors are the rewards (arXiv 2402.03300).

Each step draws several answers to each of some prompts; those that pass more behaviors than their
group does on average become more likely. Uses TRL's GRPOTrainer; answers are drawn by the harness'
own decoder, each with its own seed, and judged by its checks.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from trainers.data.reading import read_rows
from trainers.data.rows import EncodedRows, encode_rows
from trainers.recipes.schema import NameList, Recipe

if TYPE_CHECKING:
    from trainers.run.job import TrainingJob


class Options(Recipe):
    """Keys of a recipe with ``method: grpo``."""

    needs_task: ClassVar[bool] = True

    task: str = Field(min_length=1)
    """The task whose behaviors are the rewards; see ``Recipe.task``."""
    max_steps: int = Field(ge=1)
    """Each step draws answers anew, so that passes over the data say little."""
    rewards: NameList = ("all_required",)
    """Behaviors whose passes are rewarded, each with 1; ``all_required`` is the pass of every
    behavior that the task requires."""
    reward_weights: tuple[float, ...] | None = None
    """A weight for each reward; by default 1."""
    num_generations: int = Field(default=8, ge=2)
    """Answers to each prompt: the group that a reward is compared with."""
    max_completion_length: int = Field(default=256, ge=1)
    """Tokens of an answer; a longer one is cut, and fails."""
    temperature: float = Field(default=1.0, gt=0)
    """Below 1 answers differ less, and groups with equal rewards teach nothing."""
    beta: float = Field(default=0.0, ge=0)
    """The weight of the distance to the model before training; 0 keeps no reference."""
    loss_type: Literal["grpo", "bnpo", "dr_grpo", "dapo"] = "dapo"
    scale_rewards: Literal["group", "batch", "none"] = "group"

    @field_validator("num_generations")
    @classmethod
    def _whole_groups(cls, count: int, info: ValidationInfo) -> int:
        rows = info.data.get("per_device_train_batch_size")
        if rows is not None and rows % count:
            raise ValueError(
                f"per_device_train_batch_size {rows} is no multiple of it, so that groups are cut"
            )
        return count


read = read_rows


def encode(recipe: Recipe, *how: Any) -> EncodedRows:
    """See ``trainers.data.rows.encode_rows``: rows whose prompt is too long are counted."""
    return encode_rows(*how)


def notes(encoded: EncodedRows) -> list[str]:
    return []


def first_row(job: "TrainingJob") -> list[tuple[str, str]]:
    """The first prompt, as its case."""
    return [("prompt", job.prompts.cases[0].prompt)]


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

    from trainers.run.evaluation import ReproducibleEvaluation
    from trainers.run.finite import FiniteLoss
    from trainers.run.rollouts import Rollouts
    from trainers.run.saving import WholeCheckpoints

    class Trainer(WholeCheckpoints, ReproducibleEvaluation, FiniteLoss, GRPOTrainer):  # type: ignore[misc]
        pass

    recipe = job.recipe
    assert isinstance(recipe, Options), "options_of chose it"
    config = GRPOConfig(
        **{**arguments, "eval_strategy": "no"},
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
        processing_class=job.tokenizer,
        peft_config=job.peft_config,
        reward_funcs=rollouts.reward_functions(),
        rollout_func=rollouts.draw,
    )
    trainer.said = [("prompts", said)]
    return trainer
