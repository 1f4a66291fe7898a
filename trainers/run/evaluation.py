"""Isolates the random state of training from evaluations during it."""

from typing import Any

import torch


class ReproducibleEvaluation:
    """Mixin for a transformers Trainer; it comes first among the bases.

    Evaluation draws random numbers (each pass over a data loader takes a seed); without this, an
    evaluation would change the training of a run with dropout. ``evaluate`` is not overridden:
    that would disable early stopping.
    """

    def evaluation_loop(self, *args: Any, **kwargs: Any) -> Any:
        with torch.random.fork_rng(devices=[]):
            return super().evaluation_loop(*args, **kwargs)  # type: ignore[misc]
