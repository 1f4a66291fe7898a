"""The TrainingJob: everything that is known before the first step. Values only."""

from dataclasses import dataclass
from typing import Any, Protocol

from trainers.data.rows import DataFile, EncodedRows
from trainers.recipes.schema import Recipe


@dataclass(frozen=True, slots=True)
class RecipeRows:
    """The rows of a recipe as its method reads them, before any token."""

    train: tuple[Any, ...]
    val: tuple[Any, ...]
    train_files: tuple[DataFile, ...]
    val_files: tuple[DataFile, ...]


@dataclass(frozen=True, slots=True)
class BaseInfo:
    """The base, as ``training.json`` and the opening lines name it."""

    name: str
    """As the recipe has it."""
    architecture: str
    parameters: int
    weights_sha256: str
    dtype: str
    device: str
    threads: int
    has_template: bool


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """What a method's ``build`` needs, and what the record says."""

    recipe: Recipe
    model: Any
    tokenizer: Any
    peft_config: Any
    base: BaseInfo
    train: EncodedRows
    val: EncodedRows | None
    max_length: int
    ending: int
    """The token that every completion ends with."""
    steps: int
    """Optimiser steps of the whole run."""
    target_modules: tuple[str, ...]
    trainable_parameters: int
    notes: tuple[str, ...]
    """What the user should know of, a line each."""


class Method(Protocol):
    """What the file of a training method gives: ``trainers/sft.py`` is one."""

    def read(self, path: Any, limit: int | None = None) -> tuple[list[Any], DataFile]:
        """The rows of one file; raises HarnessError with ``file:line`` of every bad row."""
        ...

    def encode(
        self, tokenizer: Any, rows: Any, max_length: int, ending: int, stops: frozenset[int]
    ) -> EncodedRows:
        """The rows as tokens."""
        ...

    def first_row(self, job: TrainingJob) -> list[tuple[str, str]]:
        """The first training row as text, in named parts: what ``--dry-run`` shows."""
        ...

    def build(self, job: TrainingJob, arguments: dict[str, Any]) -> Any:
        """A transformers Trainer, ready to train, from what is common to all methods."""
        ...
