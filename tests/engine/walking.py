"""Grammars over one token for each ASCII character, walked at random."""

import random

import numpy as np
import pytest

from harness.engine.grammar import Grammars, grammar_of
from harness.engine.row import Row

llguidance = pytest.importorskip("llguidance")

END = 0
BYTES = [b"\xff<end>", *(bytes([value]) for value in range(1, 128))]
"""One token for each ASCII character, the end token in the place of NUL."""


class AsciiTokenizer:
    """A tokenizer as llguidance asks for it."""

    eos_token_id = END
    bos_token_id = None
    tokens = BYTES
    special_token_ids = (END,)

    def __call__(self, text):
        return list(text if isinstance(text, bytes) else text.encode())


def ascii_grammars() -> Grammars:
    wrapped = llguidance.TokenizerWrapper(AsciiTokenizer())
    return Grammars(lambda: llguidance.LLTokenizer(wrapped))


def row_of(schema, room: int = 300, *form: str) -> Row:
    """A row of a prompt of one token; ``form``: the format, and the delimiter of CSV."""
    return Row([1], 0, room, grammar=grammar_of(schema, *form))


def allowed(grammars, row: Row) -> list[int]:
    bits = grammars.masks([row]).view(np.uint8)[0]
    return np.flatnonzero(np.unpackbits(bits, bitorder="little")).tolist()


def take(row: Row, text: str) -> None:
    for token in text.encode():
        row.take(token, frozenset({END}), 0.0)


def text_of(row: Row) -> str:
    return bytes(row.answer_ids).decode()


def walked(grammars: Grammars, row: Row, seed: int) -> Row:
    """The row with random allowed tokens, more often than not those that close something."""
    draw = random.Random(seed)
    while row.is_open:
        tokens = allowed(grammars, row)
        closing = [t for t in tokens if t == END or chr(t) in '"}],:\n']
        row.take(draw.choice(closing if closing and draw.random() < 0.7 else tokens), {END}, 0.0)
    return row
