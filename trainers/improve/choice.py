"""Chooses a training method by what a model's answers to the training prompts allow."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from trainers.data.mining import Mined, Sampled

Method = Literal["rft", "dpo", "grpo"]
COVERED = 0.3
"""Share of prompts with an answer to learn, from which learning the model's own answers comes
first: from fewer, the prompts that it fails everywhere would teach nothing."""
MIXED = 0.1
"""Share of prompts with both passing and failing answers, below which GRPO has next to nothing to
compare; ``trainers.run.rollouts`` refuses there too."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A method that the answers allow."""

    method: Method
    why: str


@dataclass(frozen=True, slots=True)
class Material:
    """The answers to the training prompts, and the rows that are mined of them."""

    sampled: Sampled
    passing: Mined
    """Rows of passing answers."""
    pairs: Mined


def choices(material: Material, batch: int, lost: Collection[str] = ()) -> list[Choice]:
    """The methods that the material allows, the first choice first.

    Args:
        batch: rows of an optimiser step, the fewest to train on.
        lost: methods whose adapter was rejected since the last one that was kept.
    """
    share = material.passing.prompts / max(1, material.sampled.prompts)
    order = ("rft", "dpo", "grpo") if share >= COVERED else ("dpo", "grpo", "rft")
    possible = {choice.method: choice for choice in _possible(material, batch)}
    return [possible[m] for m in order if m in possible and m not in lost]


def _possible(material: Material, batch: int) -> Iterator[Choice]:
    sampled, passing, pairs = material.sampled, material.passing, material.pairs
    prompts = f"of {sampled.prompts:,} prompts"
    if len(passing.rows) >= batch:
        yield Choice("rft", f"{passing.prompts:,} {prompts} have a passing answer to learn")
    if len(pairs.rows) >= batch:
        yield Choice("dpo", f"{pairs.prompts:,} {prompts} have a failing answer and a better one")
    if sampled.prompts and sampled.mixed / sampled.prompts >= MIXED:
        yield Choice("grpo", f"{sampled.mixed:,} {prompts} have passing and failing answers")
