"""Isolates the random state of training from evaluations during it."""

from typing import Any

import torch
from transformers.trainer_utils import EvalLoopOutput

from trainers.run.behaviors import Watch
from trainers.run.curve import Curve


class OnlyWatched:
    """Mixin for a trainer whose loss says nothing on held-out rows; it follows
    ``ReproducibleEvaluation`` among the bases."""

    def evaluation_loop(self, loader: Any, *args: Any, **kwargs: Any) -> EvalLoopOutput:
        """Compute no loss, and draw no answers for one."""
        self.model.eval()  # type: ignore[attr-defined]  # As transformers' own does.
        return EvalLoopOutput(predictions=None, label_ids=None, metrics={}, num_samples=1)


class ReproducibleEvaluation:
    """Mixin for a transformers Trainer; it comes first among the bases.

    Evaluation draws random numbers (each pass over a data loader takes a seed); without this, an
    evaluation would change the training of a run with dropout. ``evaluate`` is not overridden:
    that would disable early stopping.
    """

    watch: Watch | None = None
    """Asked at each evaluation; what it sees is the curve's."""
    curve: Curve

    def evaluation_loop(self, *args: Any, **kwargs: Any) -> Any:
        with torch.random.fork_rng(devices=[]):
            output = super().evaluation_loop(*args, **kwargs)  # type: ignore[misc]
            if self.watch is not None:
                seen = self.watch.look(self.model)  # type: ignore[attr-defined]
                self.curve.see(seen)
                # Under these names they reach report_to.
                for name, found in seen.rates.items():
                    low, high = found.interval
                    values = {"": found.rate, "_low": low, "_high": high}
                    output.metrics.update({f"eval_{name}{k}": v for k, v in values.items()})
        return output
