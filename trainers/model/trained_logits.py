"""Keeps a training step's memory down on a CPU, where the output layer dominates it."""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from trl.trainer import utils as trl_utils


@contextlib.contextmanager
def only_trained_logits() -> Iterator[None]:
    """Score only the positions that the loss counts, as TRL does on a GPU.

    TRL's fused output layer leaves masked positions out where Triton runs and scores all of them
    elsewhere; for a vocabulary of 150,000 and a long prompt that is most of a step's memory and
    time. The switch is private, so ``tests/trainers/model/test_trained_logits.py``
    holds the loss and the gradients equal with and without it. Only the choice of positions is
    switched, in the one module that makes it: the kernels ask for Triton by themselves.
    Delete when TRL leaves masked positions out on a CPU too.
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
