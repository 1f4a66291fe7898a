"""Rejection sampling fine-tuning: the model learns its own answers that pass (arXiv 2308.01825).

Before the first step it answers each training prompt several times; the answers that earn every
reward become the rows of supervised fine-tuning, with the tokens that were generated.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from trainers import sft
from trainers.data.reading import read_rows
from trainers.data.rows import IGNORED, EncodedRows, encode_rows
from trainers.recipes.schema import NameList, Recipe

if TYPE_CHECKING:
    from trainers.run.job import TrainingJob


class Options(Recipe):
    """Keys of a recipe with ``method: rft``."""

    needs_task: ClassVar[bool] = True

    task: str = Field(min_length=1)
    """The task whose behaviors decide which answers are kept; see ``Recipe.task``."""
    max_steps: int = Field(ge=1)
    """How many answers pass is not known before, so that passes over them say little."""
    rewards: NameList = ("all_required",)
    """Behaviors that an answer must pass to be kept; ``all_required`` are those of the task."""
    num_generations: int = Field(default=4, ge=1)
    """Answers to each prompt."""
    max_completion_length: int = Field(default=256, ge=1)
    """Tokens of an answer; a longer one is cut, and not kept."""
    temperature: float = Field(default=1.0, gt=0)
    """Below 1 answers differ less, so that fewer prompts have one that passes."""


read = read_rows


def encode(recipe: Recipe, *how: Any) -> EncodedRows:
    """See ``trainers.data.rows.encode_rows``."""
    return encode_rows(*how)


def notes(encoded: EncodedRows) -> list[str]:
    return []


def first_row(job: "TrainingJob") -> list[tuple[str, str]]:
    """The first prompt, as its case."""
    return [("prompt", job.prompts.cases[0].prompt)]


def build(job: "TrainingJob", arguments: dict[str, Any]) -> Any:
    """Draw answers, and build the trainer of ``trainers.sft`` on those that are kept.

    Raises:
        HarnessError: none is.
    """
    from trainers.run.rollouts import Rollouts

    drawn = Rollouts(job.prompts, job.recipe)
    rows, said = drawn.kept_rows(job.model, job.ending)
    tokens = sum(len(row["input_ids"]) for row in rows)
    learned = sum(len(row["labels"]) - row["labels"].count(IGNORED) for row in rows)
    kept = replace(job.train, rows=rows, too_long=0, tokens=tokens, trained_tokens=learned)
    trainer = sft.build(replace(job, train=kept), arguments)
    trainer.said = [("kept", said)]
    return trainer
