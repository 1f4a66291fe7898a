"""Finds the prefixes that prompts of a batch share, so that each is computed once.

Prompts are padded on the left, so they end in one column. A split divides the columns: those after
it are computed for every row. Many rows have the same tokens before it: a task's instructions are
in every prompt, and a case with five repeats is there five times. A prefix of a longer prefix is
not computed by itself.

Works on token ids only, without torch or a model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

MIN_SAVED_TOKENS = 256
"""The fewest tokens saved that pay for another forward pass, which reads all weights again: on two
cores a pass of a 0.5B model over a few tokens takes as long as 90 tokens of a large pass."""

Tokens = Sequence[int]


@dataclass(frozen=True, slots=True)
class PrefixSplit:
    """A split of a batch's columns, and the distinct prefixes before it."""

    columns: int
    """Columns before the split, padding included; the longest prefix is as long."""
    prefixes: list[list[int]]
    prefix_of_row: list[int]
    """For each row, the index of the prefix that starts with the row's tokens before the split."""


def best_split(prompts: Sequence[Tokens], max_columns: int) -> PrefixSplit | None:
    """The split with at most ``max_columns`` columns before it; ``None`` where none saves enough.

    It starts at the column that saves most and moves right while a further split saves more: the
    prefixes will be split in turn. A prompt's last token is always after the split: its logits are
    the first of the answer.
    """
    ordered = _SortedPrompts(prompts)
    most = min(ordered.longest - 1, max_columns)
    columns = 0
    while further := ordered.best_after(columns, most):
        columns = further
    return ordered.split(columns) if columns else None


class _SortedPrompts:
    """Prompts in lexicographic order, so that those with a common prefix are adjacent."""

    def __init__(self, prompts: Sequence[Tokens]) -> None:
        self.prompts = prompts
        self.order = sorted(range(len(prompts)), key=lambda row: list(prompts[row]))
        self.lengths = [len(prompts[row]) for row in self.order]
        self.longest = max(self.lengths)
        self.common = [_common_length(prompts[a], prompts[b]) for a, b in pairwise(self.order)]

    def best_after(self, split: int, most: int) -> int | None:
        """The column of a second split that saves most over the first one at ``split``."""
        best, max_saved = None, MIN_SAVED_TOKENS - 1
        for columns in range(most, split, -1):
            if (len(self.prompts) - 1) * (columns - split) <= max_saved:
                break
            sources, _ = self.sources(columns)
            saved = (len(self.prompts) - len(sources)) * (columns - split)
            if saved > max_saved:
                best, max_saved = columns, saved
        return best

    def sources(self, columns: int) -> tuple[list[int], list[int]]:
        """Ranks whose prefixes are computed, and for each rank the index of the one it uses.

        Where one prefix starts with another, only the longer one is computed.
        """
        sources, prefix_of_rank = [0], [0]
        common = self.longest
        for rank, with_previous in enumerate(self.common, 1):
            common = min(common, with_previous)
            last_length = self._prefix_length(sources[-1], columns)
            own_length = self._prefix_length(rank, columns)
            if common < min(last_length, own_length):
                sources.append(rank)
                common = self.longest
            elif own_length > last_length:
                sources[-1] = rank
                common = self.longest
            prefix_of_rank.append(len(sources) - 1)
        return sources, prefix_of_rank

    def split(self, columns: int) -> PrefixSplit:
        sources, prefix_of_rank = self.sources(columns)
        prefix_of_row = dict(zip(self.order, prefix_of_rank, strict=True))
        return PrefixSplit(
            columns,
            [list(self._prefix(rank, columns)) for rank in sources],
            [prefix_of_row[row] for row in range(len(self.prompts))],
        )

    def _prefix_length(self, rank: int, columns: int) -> int:
        """Tokens before the split; at most 0 where these columns are all padding."""
        return self.lengths[rank] - (self.longest - columns)

    def _prefix(self, rank: int, columns: int) -> Tokens:
        return self.prompts[self.order[rank]][: self._prefix_length(rank, columns)]


def _common_length(one: Tokens, other: Tokens) -> int:
    """Length of the common prefix."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))
