"""Evaluates during a training: each process its share, with the training's random state kept."""

from typing import Any

import torch
from transformers.trainer_utils import EvalLoopOutput

from trainers.run.behaviors import Watch
from trainers.run.curve import Curve
from trainers.run.exchange import Exchange
from trainers.run.method_metrics import BatchMetrics, give, taken


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
    exchange: Exchange
    _evaluated: list[tuple[float, int, BatchMetrics]]
    """Loss, trained tokens (or rows) and metrics of this process's batches so far."""
    _batch = 0
    """The next one's number."""

    def evaluation_loop(self, *args: Any, **kwargs: Any) -> Any:
        self._batch, self._evaluated = 0, []
        with torch.random.fork_rng(devices=[]):
            output = super().evaluation_loop(*args, **kwargs)  # type: ignore[misc]
            if self._batch:
                output.metrics["eval_loss"] = self._mean_loss()
            if self.watch is not None:
                seen = self.watch.look(self.model)  # type: ignore[attr-defined]
                self.curve.see(seen)
                # Under these names they reach report_to.
                for name, found in seen.rates.items():
                    low, high = found.interval
                    values = {"": found.rate, "_low": low, "_high": high}
                    output.metrics.update({f"eval_{name}{k}": v for k, v in values.items()})
        return output

    def prediction_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Compute the batch's loss; that of another process's batch is 0, and counts nothing."""
        place, self._batch = self._batch, self._batch + 1
        if place % self.exchange.count != self.exchange.rank:
            return torch.zeros((), device=self.args.device), None, None  # type: ignore[attr-defined]
        with taken(self, "eval") as metrics:
            found = super().prediction_step(model, inputs, *args, **kwargs)  # type: ignore[misc]
        self._evaluated.append((float(found[0]), _weight(inputs), metrics))
        return found

    def _mean_loss(self) -> float:
        """Over the trained tokens of all batches; of preferences over the pairs."""
        shares = self.exchange.all(self._evaluated)
        batches = [shares[n % len(shares)][n // len(shares)] for n in range(self._batch)]
        give(self, "eval", [metrics for _, _, metrics in batches])
        weights = sum(weight for _, weight, _ in batches)
        return sum(loss * weight for loss, weight, _ in batches) / weights


def _weight(inputs: Any) -> int:
    labels = inputs.get("labels")
    if labels is None:
        return len(inputs["input_ids"])
    return int((labels[:, 1:] >= 0).sum())
