"""Logits at trained positions only: less memory, the same loss and gradients."""

from pathlib import Path
from typing import Any

import pytest

from trainers.model.trained_logits import only_trained_logits


def loss_and_gradients(folder: Path, is_switched: bool) -> tuple[float, dict[str, Any]]:
    """One batch of two rows, one of them padded, through TRL's fused output layer."""
    import torch
    from transformers import AutoModelForCausalLM
    from trl.trainer.utils import add_fused_lm_head

    model = AutoModelForCausalLM.from_pretrained(folder)
    add_fused_lm_head(model, outputs=("log_probs", "entropy", "is_top1"))
    ids = torch.arange(3, 43).reshape(2, 20)
    labels = ids.clone()
    labels[:, :12] = -100
    labels[1, 15:] = -100
    if is_switched:
        with only_trained_logits():
            output = model(input_ids=ids, labels=labels, fused_lm_head=True)
    else:
        output = model(input_ids=ids, labels=labels, fused_lm_head=True)
    output.loss.backward()
    return output.loss.item(), {n: p.grad for n, p in model.named_parameters()}


def test_loss_and_gradients_are_equal(qwen_base: Path) -> None:
    import torch

    stock, stock_gradients = loss_and_gradients(qwen_base, False)
    switched, switched_gradients = loss_and_gradients(qwen_base, True)
    assert switched == pytest.approx(stock, abs=1e-6)
    for name, gradient in stock_gradients.items():
        torch.testing.assert_close(switched_gradients[name], gradient, rtol=1e-4, atol=1e-6)


def test_the_switches_are_there_and_are_put_back() -> None:
    """Fails when TRL renames one: look then whether TRL still scores masked positions on a CPU."""
    from trl.trainer import utils

    names = ("_use_triton", "_ChunkedLogProbFunction")
    originals = [getattr(utils, name) for name in names]
    with only_trained_logits():
        for name, original in zip(names, originals, strict=True):
            assert getattr(utils, name) is not original
    assert [getattr(utils, name) for name in names] == originals
