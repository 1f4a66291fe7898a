"""Keeps an evaluation in the middle of training from changing the training."""

from typing import Any

import torch


class ReproducibleEvaluation:
    """Mixed into a transformers Trainer, before it.

    Evaluation draws random numbers (each pass over a data loader takes a seed); without this, a
    run with dropout would learn something else for having been watched. ``evaluate`` itself stays
    as it is, since overriding it disables early stopping.
    """

    def evaluation_loop(self, *args: Any, **kwargs: Any) -> Any:
        with torch.random.fork_rng(devices=[]):
            return super().evaluation_loop(*args, **kwargs)  # type: ignore[misc]
