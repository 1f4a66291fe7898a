"""Certainty of tokens in words: a probability, and the tokens at which two answers part."""

from collections.abc import Sequence
from typing import NamedTuple

from harness.core.logprobs import Logprobs, parting

END = "the end"
"""Stands for the end token, which has no text."""


class PartedToken(NamedTuple):
    """The token of one answer at which another one parts from it."""

    text: str
    """Empty for the end token."""
    probability: str


def doubt_of(probability: float) -> int:
    """1 less the probability, in hundredths."""
    return round(100 * (1 - probability))


def probability_in_words(probability: float) -> str:
    """``0.61``; the ends of the scale are no numbers: ``over 0.99``."""
    doubt = doubt_of(probability)
    if doubt in (0, 100):
        return "under 0.01" if doubt else "over 0.99"
    return f"{1 - doubt / 100:.2f}"


def parted(answers: Sequence[tuple[str, Logprobs | None]]) -> tuple[PartedToken, ...]:
    """The token of each of two answers at which they part, by their texts and log-probabilities;
    none where they do not, or one has no token there."""
    (before, left), (after, right) = answers
    found = parting((before, left), (after, right)) if left and right else None
    if found is None or found[0] is None or found[1] is None:
        return ()
    pairs = ((before, found[0]), (after, found[1]))
    return tuple(
        PartedToken(text[span.start : span.end], probability_in_words(span.probability))
        for text, span in pairs
    )
