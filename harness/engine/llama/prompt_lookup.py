"""Drafts a row's next tokens by prompt lookup: the token that followed the same n-gram earlier.

Answers repeat their prompts, and answers to one task repeat each other. A draft token is accepted
only where the model itself generates it, so that no answer depends on drafting. This is prompt
lookup decoding, with n-grams of all rows in place of one.
"""

from collections.abc import Sequence

LONGEST = 3
"""Length of the longest n-gram. Four accept no more draft tokens (measured on all bundled
tasks)."""
NO_GUESS = 0
"""The draft token where no n-gram matches."""


class NgramTable:
    """The token that last followed each n-gram of up to ``LONGEST`` tokens."""

    def __init__(self) -> None:
        self._next: dict[tuple[int, ...], int] = {}

    def learn(self, ids: Sequence[int], first: int = 1) -> None:
        """Add the n-grams that end before each index from ``first`` on."""
        for i in range(max(1, first), len(ids)):
            for length in range(1, min(LONGEST, i) + 1):
                self._next[tuple(ids[i - length : i])] = ids[i]

    def after(self, last: tuple[int, ...]) -> int | None:
        return self._next.get(last)


def draft(ids: Sequence[int], count: int, sources: Sequence[NgramTable]) -> list[int]:
    """``count`` draft tokens after ``ids``. The longest match wins; of equally long ones, that of
    the first source."""
    context = list(ids[-LONGEST:])
    for _ in range(count):
        context.append(_guess(context, sources))
    return context[len(context) - count :]


def _guess(context: Sequence[int], sources: Sequence[NgramTable]) -> int:
    for length in range(min(LONGEST, len(context)), 0, -1):
        last = tuple(context[-length:])
        for source in sources:
            if (token := source.after(last)) is not None:
                return token
    return NO_GUESS
