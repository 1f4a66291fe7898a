"""Reduces the memory of a training step on a CPU, where the output layer dominates it."""

import contextlib
from collections.abc import Iterator

import torch
from trl.trainer import utils as trl_utils

from trainers.model.log_probs import CpuLogProbs


@contextlib.contextmanager
def only_trained_logits() -> Iterator[None]:
    """Compute logits only at positions that the loss counts, as TRL does on a GPU.

    TRL's fused output layer skips masked positions where Triton runs and computes all of them
    elsewhere; with a vocabulary of 150,000 and a long prompt that is most of a step's memory and
    time. What is left of it is computed by ``CpuLogProbs``. Both patched names are private, so
    ``tests/trainers/model/test_trained_logits.py`` checks that loss and gradients are equal with
    and without them. Only the choice of positions is patched, in the one module that makes it; the
    kernels check for Triton themselves.
    Delete when TRL skips masked positions on a CPU, too.
    """
    patched = {"_use_triton": _yes, "_ChunkedLogProbFunction": CpuLogProbs}
    if not all(hasattr(trl_utils, name) for name in patched):
        yield
        return
    with contextlib.ExitStack() as stack:
        for name, value in patched.items():
            stack.callback(setattr, trl_utils, name, getattr(trl_utils, name))
            setattr(trl_utils, name, value)
        yield


def _yes(device: torch.device) -> bool:
    return True
