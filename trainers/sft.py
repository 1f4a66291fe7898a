"""Supervised fine-tuning: the model learns the completion of each row.

Uses TRL's SFTTrainer on rows that are tokenized before, so that prompts have exactly the tokens
that the harness generates from, and the loss counts only the completion and its ending token.
"""

from typing import TYPE_CHECKING, Any

from trainers.data.reading import read_rows
from trainers.data.rows import IGNORED, EncodedRows, encode_rows
from trainers.recipes.schema import Recipe

if TYPE_CHECKING:
    from trainers.run.job import TrainingJob


class Options(Recipe):
    """Keys of a recipe with ``method: sft``: none besides those of every recipe."""


read = read_rows


def encode(recipe: Recipe, *how: Any) -> EncodedRows:
    """See ``trainers.data.rows.encode_rows``."""
    return encode_rows(*how)


def notes(encoded: EncodedRows) -> list[str]:
    return []


def shown_rows(job: "TrainingJob", count: int) -> list[tuple[str, str]]:
    """The first training rows, decoded: the masked prompt, and the text that the loss counts."""
    lines = []
    for number, row in enumerate(job.train.rows[:count], start=1):
        ids, split = row["input_ids"], row["labels"].count(IGNORED)
        lines += [
            (f"row {number}", f"{len(ids):,} tokens, {len(ids) - split:,} of them trained"),
            ("masked", job.tokenizer.decode(ids[:split])),
            ("learns", job.tokenizer.decode(ids[split:])),
        ]
    return lines


def build(job: "TrainingJob", arguments: dict[str, Any]) -> Any:
    """Build TRL's trainer and check its loss mask.

    Args:
        arguments: keyword arguments for transformers' ``TrainingArguments``.
    """
    from trl import SFTConfig, SFTTrainer

    from trainers.run.evaluation import ReproducibleEvaluation
    from trainers.run.finite import FiniteLoss
    from trainers.run.saving import WholeCheckpoints
    from trainers.run.shares import SharedSteps

    class Trainer(
        WholeCheckpoints,
        ReproducibleEvaluation,
        FiniteLoss,
        SharedSteps,
        SFTTrainer,  # type: ignore[misc]
    ):
        pass

    config = SFTConfig(max_length=job.max_length, packing=False, **arguments)
    trainer = Trainer(args=config, **job.for_trainer())
    prove_mask(trainer, job)
    return trainer


def prove_mask(trainer: Any, job: "TrainingJob") -> None:
    """Check the loss mask of a batch of the first rows: completion and ending, nothing else.

    Raises:
        RuntimeError: the loss would count other tokens. The fault is ours or a change in TRL, not
            the recipe's.
    """
    size = min(job.recipe.per_device_train_batch_size, len(job.train.rows))
    batch = trainer.data_collator([trainer.train_dataset[i] for i in range(size)])
    for index, row in enumerate(job.train.rows[:size]):
        labels, ids = batch["labels"][index].tolist(), batch["input_ids"][index].tolist()
        length = len(row["labels"])
        is_right = (
            labels[:length] == row["labels"]
            and set(labels[length:]) <= {IGNORED}
            and ids[:length] == row["input_ids"]
            and labels[0] == IGNORED
            and labels[length - 1] == job.ending
            and labels.count(job.ending) == 1
        )
        if not is_right:
            raise RuntimeError(
                f"the loss mask of training row {index + 1} is not the completion and its ending: "
                f"labels {labels} over tokens {ids}"
            )
