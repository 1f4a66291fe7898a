"""Divides the batches of a training among its processes, so that its bits do not depend on them.

Each process runs the whole training: it counts the same steps, reads the same batches in the same
order and holds the same adapter. Of the batches that one optimiser step accumulates, the first
process computes the first, the second one the second, and so on in rounds. After each round the
gradients are added in the order of the batches, as a single process adds them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import torch

from trainers.run.exchange import Exchange
from trainers.run.method_metrics import BatchMetrics, give, taken

Gradients = list[torch.Tensor | None]
"""Of each trained parameter."""


@dataclass
class Told:
    """One batch's part of a step, as its process tells the others."""

    loss: float = 0.0
    metrics: BatchMetrics = field(default_factory=BatchMetrics)
    has_gradient: Sequence[bool] = ()
    """Of each trained parameter."""
    failure: str = ""
    """The error that its process has met."""


class SharedSteps:
    """Mixin for a transformers Trainer; it comes before TRL's own among the bases."""

    exchange: Exchange
    round: list[tuple[Any, float]]
    """The batches of a round that has just ended, each with its loss."""
    _place = 0
    """The next batch's among those of its optimiser step."""
    _is_passed_over = False
    """Another process computes the batch."""
    _batches: list[Any]
    """Those of the round that goes on; the next three are of this process's one among them."""
    _told: Told
    _gradients: Gradients
    _error: RuntimeError | None

    def training_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Compute this process's batch, or pass over another's.

        Random numbers are drawn anew for each batch, the same whichever process computes it.

        Returns:
            The loss of a round after its last batch, 0 before it.

        Raises:
            RuntimeError: another process met an error.
        """
        place, is_last = self._place, bool(self.accelerator.sync_gradients)  # type: ignore[attr-defined]
        self._place = 0 if is_last else place + 1
        count, source = self.exchange.count, place % self.exchange.count
        if source == 0:
            self.round = []
            self._batches, self._told, self._gradients, self._error = [], Told(), [], None
        self._batches.append(inputs)
        seed = (self.args.seed, self.state.global_step, place)  # type: ignore[attr-defined]
        with _seeded(*seed):
            if count == 1:
                loss: torch.Tensor = super().training_step(model, inputs, *args, **kwargs)  # type: ignore[misc]
                self.round = [(inputs, float(loss))]
                return loss
            self._is_passed_over = source != self.exchange.rank
            self._compute(model, inputs, *args, **kwargs)
        if is_last or source == count - 1:
            return self._end_round(_trained(model))
        return torch.zeros((), device=self.args.device)  # type: ignore[attr-defined]

    def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if self.exchange.count == 1 or not model.training:
            return super().compute_loss(model, inputs, *args, **kwargs)  # type: ignore[misc]
        if self._is_passed_over:
            return torch.zeros((), device=self.args.device, requires_grad=True)  # type: ignore[attr-defined]
        with taken(self, "train") as self._told.metrics:
            return super().compute_loss(model, inputs, *args, **kwargs)  # type: ignore[misc]

    def _compute(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> None:
        """Take the batch's gradients apart from those of the rounds before."""
        trained = _trained(model)
        before = _take(trained)
        try:
            loss = super().training_step(model, inputs, *args, **kwargs)  # type: ignore[misc]
        except RuntimeError as error:
            self._error, self._told.failure = error, str(error)
        else:
            if not self._is_passed_over:
                self._gradients = _take(trained)
                self._told.loss = float(loss)
                self._told.has_gradient = [g is not None for g in self._gradients]
        for parameter, gradient in zip(trained, before, strict=True):
            parameter.grad = gradient

    def _end_round(self, trained: Sequence[torch.nn.Parameter]) -> torch.Tensor:
        """Add the gradients of all its batches, and return the sum of their losses."""
        told = self.exchange.all(self._told)
        if self._error:
            raise self._error
        for rank, part in enumerate(told):
            if part.failure:
                raise RuntimeError(f"process {rank}: {part.failure}")
        told = told[: len(self._batches)]
        total = torch.zeros((), device=self.args.device)  # type: ignore[attr-defined]
        for rank, part in enumerate(told):
            self._add_gradients(rank, part.has_gradient, trained)
            total += part.loss
        give(self, "train", [part.metrics for part in told])
        self.round = [(b, t.loss) for b, t in zip(self._batches, told, strict=True)]
        return total

    def _add_gradients(
        self, rank: int, has_gradient: Sequence[bool], trained: Sequence[torch.nn.Parameter]
    ) -> None:
        having = [p for p, has in zip(trained, has_gradient, strict=True) if has]
        sizes = [p.numel() for p in having]
        if rank == self.exchange.rank:
            flat = torch.cat([g.flatten() for g in self._gradients if g is not None])
            self._gradients = []
        else:
            flat = torch.empty(sum(sizes), dtype=having[0].dtype, device=having[0].device)
        flat = self.exchange.broadcast(flat, rank)
        for parameter, part in zip(having, torch.split(flat, sizes), strict=True):
            gradient = part.view_as(parameter)
            if parameter.grad is None:
                parameter.grad = gradient
            else:
                parameter.grad += gradient


def _trained(model: Any) -> list[torch.nn.Parameter]:
    return [p for p in model.parameters() if p.requires_grad]


def _take(trained: Sequence[torch.nn.Parameter]) -> Gradients:
    found = [p.grad for p in trained]
    for parameter in trained:
        parameter.grad = None
    return found


@contextmanager
def _seeded(*what: int) -> Iterator[None]:
    """Draw random numbers by these, and leave those of the training as they were."""
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(int.from_bytes(sha256(repr(what).encode()).digest()[:4]))
        yield
