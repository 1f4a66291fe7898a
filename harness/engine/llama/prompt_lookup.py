"""Guesses at what a row says next: what followed its last few tokens before.

Answers repeat their prompts, and answers to one task repeat each other. A guess costs nothing but
its place in a step: it is kept only where it is what the model says itself, so that no answer
depends on it. Known as prompt lookup decoding, over all rows in place of one.
"""

from collections.abc import Sequence

LONGEST = 3
"""Tokens looked up. Of four, guesses are no better (measured on all bundled tasks)."""
NO_GUESS = 0
"""A token in the place of one where nothing is known."""


class NgramTable:
    """What last followed each token, and each few tokens."""

    def __init__(self) -> None:
        self._next: dict[tuple[int, ...], int] = {}

    def learn(self, ids: Sequence[int], first: int = 1) -> None:
        """That each of ``ids`` from index ``first`` on followed those before it."""
        for i in range(max(1, first), len(ids)):
            for length in range(1, min(LONGEST, i) + 1):
                self._next[tuple(ids[i - length : i])] = ids[i]

    def after(self, last: tuple[int, ...]) -> int | None:
        return self._next.get(last)


def draft(ids: Sequence[int], count: int, sources: Sequence[NgramTable]) -> list[int]:
    """``count`` tokens guessed behind ``ids``: the longest match first, and of equally long ones
    that of the first source."""
    said = list(ids[-LONGEST:])
    for _ in range(count):
        said.append(_guess(said, sources))
    return said[len(said) - count :]


def _guess(said: Sequence[int], sources: Sequence[NgramTable]) -> int:
    for length in range(min(LONGEST, len(said)), 0, -1):
        last = tuple(said[-length:])
        for source in sources:
            if (token := source.after(last)) is not None:
                return token
    return NO_GUESS
