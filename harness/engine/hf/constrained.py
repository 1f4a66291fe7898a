"""Constrained decoding of a transformers model: its tokenizer for llguidance, and masked logits."""

from collections.abc import Sequence
from typing import Any

import torch
from llguidance import LLTokenizer
from llguidance.hf import from_tokenizer

from harness.core.errors import HarnessError
from harness.engine.grammar import MASK_BITS, Grammars
from harness.engine.row import Row


def guide(tokenizer: Any, logits: int, end_ids: frozenset[int]) -> LLTokenizer:
    """The tokenizer as llguidance reads it, for logits of that width.

    Raises:
        HarnessError: the tokenizer is not a fast one, or the model has no end token.
    """
    if not tokenizer.is_fast or not end_ids:
        lacks = "end token" if tokenizer.is_fast else "fast tokenizer"
        raise HarnessError(f"the model has no {lacks}, which constrained decoding needs")
    size = max(logits, len(tokenizer))
    return from_tokenizer(tokenizer, n_vocab=size, eos_token=sorted(end_ids))


def masked(grammars: Grammars, logits: torch.Tensor, rows: Sequence[Row]) -> torch.Tensor:
    """Logits with minus infinity for every token that a row's grammar forbids."""
    bits = grammars.masks(rows)
    if bits is None:
        return logits
    packed = torch.from_numpy(bits).to(logits.device)
    shifts = torch.arange(MASK_BITS, dtype=torch.int32, device=logits.device)
    allowed = ((packed[..., None] >> shifts) & 1).flatten(1)[:, : logits.shape[1]]
    return logits.masked_fill(allowed == 0, -torch.inf)
