"""The TrainingJob: the values that are known before the first step."""

from dataclasses import dataclass
from typing import Any, Protocol

from harness.engine.prompt import Arguments
from trainers.data.rows import DataFile, EncodedRows
from trainers.recipes.schema import Recipe


@dataclass(frozen=True, slots=True)
class RecipeRows:
    """The rows of a recipe as its method reads them, before tokenization."""

    train: tuple[Any, ...]
    val: tuple[Any, ...]
    train_files: tuple[DataFile, ...]
    val_files: tuple[DataFile, ...]


@dataclass(frozen=True, slots=True)
class BaseInfo:
    """The base, as ``training.json`` and the opening lines describe it."""

    name: str
    """Folder or hub id as in the recipe."""
    architecture: str
    parameters: int
    weights_sha256: str
    dtype: str
    quantize: str
    device: str
    threads: int
    has_template: bool


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """Model, data and settings of one training: input of ``build`` and of the record."""

    recipe: Recipe
    model: Any
    tokenizer: Any
    peft_config: Any
    """Of a fresh adapter; ``None`` where the model has one that goes on."""
    lora: Any
    """peft's configuration of the adapter, fresh or not."""
    base: BaseInfo
    train: EncodedRows
    val: EncodedRows | None
    max_length: int
    ending: int
    """The token that every completion ends with."""
    steps: int
    """Optimiser steps of the whole run."""
    exchange: Any
    """``trainers.run.exchange.Exchange`` with the other processes of the training."""
    target_modules: tuple[str, ...]
    trainable_parameters: int
    task: Any
    """``harness.tasks.task.Task`` by which answers are judged; ``None`` where none is named."""
    watch: Any
    """``trainers.run.behaviors.Watch``; ``None`` where the recipe names no task or no ``val``."""
    selection: Any
    """``trainers.run.selection.Selection``; ``None`` where the last step's adapter is kept."""
    prompts: Any
    """``trainers.run.prompts.Prompts`` of the training rows, where the method draws answers."""
    notes: tuple[str, ...]
    """Notes for the user, one line each."""

    def for_trainer(self) -> dict[str, Any]:
        """The arguments of a trainer of TRL's that learns from encoded rows. Imports torch."""
        from datasets import Dataset

        return {
            "model": self.model,
            "train_dataset": Dataset.from_list([*self.train.rows]),
            "eval_dataset": Dataset.from_list([*self.val.rows]) if self.val else None,
            "processing_class": self.tokenizer,
            "peft_config": self.peft_config,
        }


class Method(Protocol):
    """The functions of a training method's file, such as ``trainers/sft.py``."""

    def read(self, path: Any, limit: int | None = None) -> tuple[list[Any], DataFile]:
        """Read the rows of one file; raises HarnessError with ``file:line`` of every bad row."""
        ...

    def encode(
        self,
        recipe: Any,
        tokenizer: Any,
        rows: Any,
        max_length: int,
        ending: int,
        stops: frozenset[int],
        arguments: Arguments = (),
    ) -> EncodedRows:
        """Tokenize rows; ``arguments`` are the chat template's."""
        ...

    def notes(self, encoded: Any) -> list[str]:
        """Notes about the training rows for the user, one line each."""
        ...

    def shown_rows(self, job: TrainingJob, count: int) -> list[tuple[str, str]]:
        """The first training rows, decoded, as named texts: what the loss counts has names of its
        own."""
        ...

    def build(self, job: TrainingJob, arguments: dict[str, Any]) -> Any:
        """Build a transformers Trainer from the arguments that all methods share."""
        ...
