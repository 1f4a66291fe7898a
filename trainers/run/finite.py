"""Stops a training at the first loss that is no number, and keeps the batch that gave it."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from harness.core.errors import HarnessError
from harness.files.atomic import write_whole
from trainers.run.curve import diverged
from trainers.run.exchange import Exchange


class FiniteLoss:
    """Mixin for a transformers Trainer; it comes first among the bases."""

    batch_file: Path
    """Where the batch is written, beside the output."""
    exchange: Exchange
    round: list[tuple[Any, float]]
    """See ``trainers.run.shares``."""

    def training_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Take a step of a batch.

        Raises:
            HarnessError: its loss is not finite.
        """
        total = super().training_step(model, inputs, *args, **kwargs)  # type: ignore[misc]
        for batch, loss in self.round:
            if not math.isfinite(loss):
                if self.exchange.is_first:
                    write_whole(self.batch_file, _lines(batch, self.processing_class))  # type: ignore[attr-defined]
                step = self.state.global_step + 1  # type: ignore[attr-defined]
                what = diverged(f"the loss is {loss}", step)
                raise HarnessError(f"{what}; its rows are in {self.batch_file}")
        return total


def _lines(inputs: Any, tokenizer: Any) -> Iterator[str]:
    """A JSON line for each row of a batch: its tokens, decoded, under the names of the batch."""
    rows = (
        {k: v for k, v in inputs.items() if _is_rows(k, v)} if isinstance(inputs, Mapping) else {}
    )
    for row in range(max((len(value) for value in rows.values()), default=0)):
        texts = {k: tokenizer.decode(v[row]) for k, v in rows.items() if row < len(v)}
        yield json.dumps(texts) + "\n"


def _is_rows(name: str, value: Any) -> bool:
    return name.endswith("ids") and isinstance(value, torch.Tensor) and value.dim() == 2
