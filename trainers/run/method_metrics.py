"""Moves the metrics that TRL collects for each batch between the processes that compute them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

TOTAL = "num_tokens"
"""The metric that counts up; all others are lists of values to be averaged."""


@dataclass
class BatchMetrics:
    """What one batch has added."""

    values: dict[str, list[float]] = field(default_factory=dict)
    tokens: int = 0


@contextmanager
def taken(trainer: Any, mode: str) -> Iterator[BatchMetrics]:
    """Take away what the block adds to the metrics of ``train`` or ``eval``."""
    found, own = BatchMetrics(), trainer._metrics[mode]
    lengths = {name: len(values) for name, values in own.items()}
    total = trainer._total_train_tokens
    yield found
    for name in own:
        if name != TOTAL:
            found.values[name] = own[name][lengths.get(name, 0) :]
            del own[name][lengths.get(name, 0) :]
    found.tokens = trainer._total_train_tokens - total
    trainer._total_train_tokens = total


def give(trainer: Any, mode: str, batches: Iterable[BatchMetrics]) -> None:
    """Add what was taken, in the order of the batches."""
    own = trainer._metrics[mode]
    for batch in batches:
        for name, values in batch.values.items():
            own[name] += values
        if batch.tokens:
            trainer._total_train_tokens += batch.tokens
            own[TOTAL] = [trainer._total_train_tokens]
