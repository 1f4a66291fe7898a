"""Constrained decoding of a GGUF model: its vocabulary for llguidance, and masked logits."""

import warnings
from collections.abc import Sequence

import numpy as np
from llguidance import LLTokenizer
from llguidance.llamacpp import lltokenizer_from_vocab

from harness.core.errors import HarnessError
from harness.engine.grammar import Grammars
from harness.engine.llama.sampling import Logits
from harness.engine.llama.vocabulary import LlamaVocabulary
from harness.engine.row import Row


def guide(vocabulary: LlamaVocabulary) -> LLTokenizer:
    """The vocabulary as llguidance reads it.

    Raises:
        HarnessError: the model has no end token.
    """
    if not vocabulary.end_ids:
        raise HarnessError("the model has no end token, which constrained decoding needs")
    with warnings.catch_warnings():
        # llguidance 1.9 asks for a token's kind under a name that llama-cpp-python deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        return lltokenizer_from_vocab(vocabulary.pointer, eos_token=sorted(vocabulary.end_ids))


def masked(grammars: Grammars, logits: Logits, rows: Sequence[Row]) -> Logits:
    """Logits with minus infinity for every token that a row's grammar forbids."""
    bits = grammars.masks(rows)
    if bits is None:
        return logits
    packed, width = bits.view(np.uint8), logits.shape[1]
    allowed = np.unpackbits(packed, axis=-1, count=width, bitorder="little")
    return np.where(allowed, logits, np.float32(-np.inf))
