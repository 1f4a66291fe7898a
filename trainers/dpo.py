"""Direct preference optimisation: the model learns to prefer one answer to another (arXiv
2305.18290).

Uses TRL's DPOTrainer on rows that are tokenized before. The reference is the same model with its
adapter disabled, or the adapter as it was where one goes on. The loss has an SFT term on the chosen
answers by default: the preference alone can push both answers down until neither is ever given,
while its own accuracy and margin keep rising.
"""

from typing import TYPE_CHECKING, Any, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator

from trainers.data.pairs import EncodedPairs, encode_pairs
from trainers.data.reading import read_pairs
from trainers.recipes.schema import Data, NameList, NumberList, Recipe

if TYPE_CHECKING:
    from trainers.run.job import TrainingJob

Loss = Literal[
    "sigmoid", "hinge", "ipo", "exo_pair", "nca_pair", "robust", "apo_zero", "apo_down", "sft",
    "sigmoid_norm",
]  # fmt: skip


class Options(Recipe):
    """Keys of a recipe with ``method: dpo``."""

    learning_rate: float = Field(default=5e-6, gt=0)
    """A hundredth of SFT's: a preference moves a model far in few steps."""
    beta: float = Field(default=0.1, gt=0)
    """How strongly the model is held to the reference."""
    loss_type: NameList = ("sigmoid", "sft")
    """One loss or several that are added, as TRL names them."""
    loss_weights: NumberList | None = None
    """A weight for each loss; by default 1."""
    label_smoothing: float = Field(default=0.0, ge=0, lt=0.5)
    """The share of pairs that may be the wrong way round."""
    precompute_ref_log_probs: bool = False
    """Score the reference once before training: a third less time, other last digits."""
    max_prompt_length: int | None = Field(default=None, ge=8)
    """Tokens of the prompt that are kept, the last ones; cut prompts are counted and said."""
    stop_on_collapse: bool = False
    """Stop where the chosen answers become much less likely than before, in place of a warning."""

    @field_validator("data")
    @classmethod
    def _two_answers_each(cls, data: Data) -> Data:
        if data.train_on != "last_answer":
            raise ValueError("train_on: a preference is about its two answers, leave train_on out")
        return data

    @field_validator("loss_type")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in names if name not in get_args(Loss)]:
            raise ValueError(f"no such loss {unknown[0]!r}, there are: {', '.join(get_args(Loss))}")
        return names

    @field_validator("loss_weights")
    @classmethod
    def _one_each(
        cls, weights: tuple[float, ...] | None, info: ValidationInfo
    ) -> tuple[float, ...] | None:
        losses = info.data.get("loss_type")
        if weights is not None and losses is not None and len(weights) != len(losses):
            raise ValueError(f"{len(weights)} weights for {len(losses)} losses, give one each")
        return weights


read = read_pairs


def encode(recipe: Options, *how: Any) -> EncodedPairs:
    """See ``trainers.data.pairs.encode_pairs``."""
    return encode_pairs(*how, max_prompt_length=recipe.max_prompt_length)


def notes(encoded: EncodedPairs) -> list[str]:
    found = []
    if encoded.cut_prompts:
        found.append(f"{encoded.cut_prompts:,} prompts are longer than max_prompt_length, cut left")
    if encoded.other_tokenizer:
        found.append(
            f"{encoded.other_tokenizer:,} rejected answers were recorded with another tokenizer, "
            "so they are encoded from their text"
        )
    return found


def shown_rows(job: "TrainingJob", count: int) -> list[tuple[str, str]]:
    """The first pairs, decoded: the masked prompt and both answers."""
    lines = []
    for number, row in enumerate(job.train.rows[:count], start=1):
        prompt, chosen, rejected = (row[f"{key}_ids"] for key in ("prompt", "chosen", "rejected"))
        lines += [
            (
                f"row {number}",
                f"{len(prompt):,} tokens, answers {len(chosen):,} and {len(rejected):,}",
            ),
            ("masked", job.tokenizer.decode(prompt)),
            ("chosen", job.tokenizer.decode(chosen)),
            ("rejected", job.tokenizer.decode(rejected)),
        ]
    return lines


def build(job: "TrainingJob", arguments: dict[str, Any]) -> Any:
    """Build TRL's trainer, which trains on the rows as they are and is watched for a collapse.

    Args:
        arguments: keyword arguments for transformers' ``TrainingArguments``.
    """
    from trl import DPOConfig, DPOTrainer

    from trainers.run.evaluation import ReproducibleEvaluation
    from trainers.run.finite import FiniteLoss
    from trainers.run.preferences import Preferences
    from trainers.run.saving import WholeCheckpoints
    from trainers.run.shares import SharedSteps

    class Trainer(
        WholeCheckpoints,
        ReproducibleEvaluation,
        FiniteLoss,
        SharedSteps,
        DPOTrainer,  # type: ignore[misc]
    ):
        def _prepare_dataset(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:
            """TRL would tokenize rows that are tokenized already."""
            return dataset

    recipe = job.recipe
    assert isinstance(recipe, Options), "options_of chose it"
    config = DPOConfig(
        max_length=None,
        beta=recipe.beta,
        loss_type=[*recipe.loss_type],
        loss_weights=recipe.loss_weights and [*recipe.loss_weights],
        label_smoothing=recipe.label_smoothing,
        precompute_ref_log_probs=recipe.precompute_ref_log_probs,
        disable_dropout=not job.lora.lora_dropout,  # TRL would switch a recipe's own off.
        **arguments,
    )
    trainer = Trainer(
        args=config,
        **job.for_trainer(),
        callbacks=[Preferences(is_stopping=recipe.stop_on_collapse)],
    )
    prove_mask(trainer, job)
    return trainer


def prove_mask(trainer: Any, job: "TrainingJob") -> None:
    """Check the loss mask of a batch of the first pairs: both answers as encoded, nothing else.

    Raises:
        RuntimeError: the loss would count other tokens. The fault is ours or a change in TRL, not
            the recipe's.
    """
    pairs = job.train.rows[: job.recipe.per_device_train_batch_size]
    batch = trainer.data_collator([trainer.train_dataset[i] for i in range(len(pairs))])
    answers = [(p, p[f"{side}_ids"]) for side in ("chosen", "rejected") for p in pairs]
    for index, (pair, answer) in enumerate(answers):
        ids, is_trained = batch["input_ids"][index], batch["completion_mask"][index].bool()
        prompt = pair["prompt_ids"]
        if ids[is_trained].tolist() != answer or ids[: len(prompt)].tolist() != prompt:
            raise RuntimeError(
                f"the loss mask of training pair {index % len(pairs) + 1} is not its answers: "
                f"mask {is_trained.tolist()} over tokens {ids.tolist()}"
            )
