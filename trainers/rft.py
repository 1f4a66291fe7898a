"""Rejection sampling fine-tuning: the model learns its own answers that pass (arXiv 2308.01825).

Before the first step it answers each training prompt several times; the answers that earn every
reward become the rows of supervised fine-tuning, with the tokens that were generated.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import Field

from trainers import sft
from trainers.data.rows import IGNORED
from trainers.recipes.schema import DrawingRecipe

if TYPE_CHECKING:
    from trainers.run.job import TrainingJob


class Options(DrawingRecipe):
    """Keys of a recipe with ``method: rft``. An answer is kept where it earns every reward."""

    num_generations: int = Field(default=4, ge=1)
    """Answers to each prompt."""


read, encode, notes = sft.read, sft.encode, sft.notes


def shown_rows(job: "TrainingJob", count: int) -> list[tuple[str, str]]:
    """The first prompts, each with answers that are drawn to it and what they earn."""
    from trainers.run.rollouts import Rollouts

    return Rollouts(job.prompts, job.recipe).shown(job.model, count)


def build(job: "TrainingJob", arguments: dict[str, Any]) -> Any:
    """Draw answers, and build the trainer of ``trainers.sft`` on those that are kept.

    Raises:
        HarnessError: none is.
    """
    from trainers.run.rollouts import Rollouts

    drawn = Rollouts(job.prompts, job.recipe)
    rows, said = drawn.kept_rows(job.model, job.ending)
    learned = sum(len(row["labels"]) - row["labels"].count(IGNORED) for row in rows)
    lengths = tuple(len(row["input_ids"]) for row in rows)
    kept = replace(
        job.train, rows=rows, lengths=lengths, tokens=sum(lengths), trained_tokens=learned
    )
    trainer = sft.build(replace(job, train=kept), arguments)
    trainer.said = [("kept", said)]
    return trainer
