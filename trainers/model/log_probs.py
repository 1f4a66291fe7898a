"""Log-probabilities of the trained tokens on a CPU, with the gradient taken in the forward pass.

TRL computes the logits twice, once in each pass, and on a CPU converts the output layer to float32
for the gradient. Here both passes are one: the gradient of a token's log-probability with respect
to its hidden state does not depend on the loss, which only scales it. So two matrix products in the
weights' own type take the place of three, one of them in float32.
"""

from typing import Any

import torch
from trl.kernels import ChunkedLogProbFunction

from trainers.model.defaults import TILE_LOGITS

TRL_CHUNK = 8192
"""Vocabulary entries of a tile where TRL's function has to be used; TRL's default is 32,768. At a
vocabulary of 152,000 and 128 trained tokens it takes 85 MB in place of 270, and no more time."""

Outputs = tuple[torch.Tensor | None, ...]


class CpuLogProbs:
    """Takes the place of TRL's ``ChunkedLogProbFunction``, of which only ``apply`` is called."""

    @staticmethod
    def apply(
        hidden: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        targets: torch.Tensor,
        temperature: float,
        chunk_size: int,
        softcap: float | None = None,
        logit_scale: float = 1.0,
        outputs: tuple[str, ...] = (),
    ) -> Outputs:
        """The values of TRL's function, by position.

        Args:
            hidden: ``[tokens, width]``.
            weight: the output layer, ``[vocabulary, width]``.
            targets: ``[tokens]``.
        """
        is_plain = bias is None and softcap is None and not weight.requires_grad
        is_plain &= "log_sum_sq_probs" not in outputs and len(targets) > 0
        if hidden.device.type == "cpu" and is_plain:
            scale = logit_scale / temperature
            apply: Any = _LogProbs.apply
            found: Outputs = apply(hidden, weight, targets, scale)
            return found
        if hidden.device.type == "cpu":
            chunk_size = min(chunk_size, TRL_CHUNK)
        how = (temperature, chunk_size, softcap, logit_scale, outputs)
        return ChunkedLogProbFunction.apply(hidden, weight, bias, targets, *how)  # type: ignore[no-any-return]


class _LogProbs(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor, scale: float
    ) -> Outputs:
        """Log-probability, entropy, nothing, mean logit, and whether the target is the likeliest.

        The entropy follows from the gradient g with respect to a hidden state h: h * g is the
        target's logit less the expected one.
        """
        ctx.set_materialize_grads(False)
        states = hidden.to(_compute_dtype(hidden))
        layer = weight.to(states.dtype)
        gradient = torch.empty_like(states)
        height = min(len(states), max(1, TILE_LOGITS // len(layer)))
        products, logits = _buffers(states, height, len(layer))
        parts = []
        for start in range(0, len(states), height):
            rows = slice(start, start + height)
            count = len(states[rows])
            torch.mm(states[rows], layer.t(), out=products[:count])
            values = _fold(logits[:count].copy_(products[:count]), targets[rows], scale)
            parts.append(values)
            torch.mm(products[:count].copy_(logits[:count]), layer, out=gradient[rows])
        log_probs, mean, is_first = (torch.cat(column) for column in zip(*parts, strict=True))
        entropy = torch.linalg.vecdot(states.float(), gradient.float()) - log_probs
        entropy.clamp_(min=0)
        ctx.save_for_backward(gradient)
        ctx.dtype = hidden.dtype
        ctx.mark_non_differentiable(mean, is_first)
        return log_probs, entropy, None, mean, is_first

    @staticmethod
    def backward(
        ctx: Any, loss: torch.Tensor | None, entropy: torch.Tensor | None, *_: None
    ) -> Outputs:
        """Scale each token's gradient by the loss's with respect to its log-probability."""
        if entropy is not None:
            raise RuntimeError("the gradient of the entropy is not taken on a CPU")
        if loss is None:
            return None, None, None, None
        (gradient,) = ctx.saved_tensors
        return (gradient.float() * loss[:, None]).to(ctx.dtype), None, None, None


def _compute_dtype(hidden: torch.Tensor) -> torch.dtype:
    if torch.is_autocast_enabled("cpu"):
        return torch.get_autocast_dtype("cpu")
    return hidden.dtype


def _buffers(states: torch.Tensor, rows: int, columns: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A tile in the type of the products and one in float32, which every tile of a batch reuses:
    memory that is allocated again and again stays with the process in pieces."""
    products = states.new_empty(rows, columns)
    return products, products.new_empty(rows, columns, dtype=torch.float32)


def _fold(
    logits: torch.Tensor, targets: torch.Tensor, scale: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Log-probability of each target, mean logit, and whether the target is the likeliest.

    ``logits`` become the gradient of the targets' log-probabilities, in place.
    """
    if scale != 1:
        logits.mul_(scale)
    places = targets[:, None]
    chosen, largest = logits.gather(1, places), logits.amax(1, keepdim=True)
    mean, is_first = logits.mean(1), logits.argmax(1) == targets
    total = logits.sub_(largest).exp_().sum(1, keepdim=True)
    logits.div_(-total)
    logits.scatter_add_(1, places, torch.ones_like(chosen))
    if scale != 1:
        logits.mul_(scale)
    return (chosen - largest - total.log()).squeeze(1), mean, is_first
