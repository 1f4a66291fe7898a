"""Reduces the memory of a training step on a CPU, where the output layer dominates it."""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from trl.trainer import utils as trl_utils


@contextlib.contextmanager
def only_trained_logits() -> Iterator[None]:
    """Compute logits only at positions that the loss counts, as TRL does on a GPU.

    TRL's fused output layer skips masked positions where Triton runs and computes all of them
    elsewhere; with a vocabulary of 150,000 and a long prompt that is most of a step's memory and
    time. The patched function is private, so ``tests/trainers/model/test_trained_logits.py`` checks
    that loss and gradients are equal with and without it. Only the choice of positions is patched,
    in the one module that makes it; the kernels check for Triton themselves.
    Delete when TRL skips masked positions on a CPU, too.
    """
    original: Any = getattr(trl_utils, "_use_triton", None)
    if original is None:
        yield
        return
    trl_utils._use_triton = _yes
    try:
        yield
    finally:
        trl_utils._use_triton = original


def _yes(device: torch.device) -> bool:
    return True
