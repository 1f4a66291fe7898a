"""Finds what the prompts of a batch have in common: what is computed once instead of per row.

Prompts are padded on the left, so that they end in one column. A cut divides the columns: those
behind it are computed for every row. What a row has before it is often before it in other rows,
too: a task's instructions are in every prompt, a case that is asked five times is there five times.
A beginning that is the beginning of a longer one needs no computing of its own.

Knows tokens only, neither torch nor a model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

LEAST_SAVED_TOKENS = 256
"""Fewer are not worth another pass through the model, which reads all weights once more: on two
cores a pass of a 0.5B model over a few tokens takes as long as 90 tokens of a large one."""

Tokens = Sequence[int]


@dataclass(frozen=True, slots=True)
class PrefixSplit:
    """Where to cut a batch, and the distinct beginnings before the cut."""

    columns: int
    """Columns before the cut, padding included; the longest beginning is as long."""
    prefixes: list[list[int]]
    prefix_of_row: list[int]
    """Which beginning has, as its first tokens, what the row has before the cut."""


def best_split(prompts: Sequence[Tokens], most_columns: int) -> PrefixSplit | None:
    """Where to cut, with at most ``most_columns`` before the cut; ``None`` where none saves enough.

    First where most is saved, then behind that as long as it saves more: the beginnings are to be
    cut in their turn. The last token of a prompt is always behind the cut: its logits are the first
    of the answer.
    """
    ordered = _Ordered(prompts)
    most = min(ordered.longest - 1, most_columns)
    columns = 0
    while further := ordered.best_after(columns, most):
        columns = further
    return ordered.split(columns) if columns else None


class _Ordered:
    """Prompts in alphabetical order, where what begins alike stands together."""

    def __init__(self, prompts: Sequence[Tokens]) -> None:
        self.prompts = prompts
        self.order = sorted(range(len(prompts)), key=lambda row: list(prompts[row]))
        self.lengths = [len(prompts[row]) for row in self.order]
        self.longest = max(self.lengths)
        self.common = [_common(prompts[a], prompts[b]) for a, b in pairwise(self.order)]

    def best_after(self, split: int, most: int) -> int | None:
        """Where a second cut saves most, which the first one at ``split`` did not."""
        best, most_saved = None, LEAST_SAVED_TOKENS - 1
        for columns in range(most, split, -1):
            if (len(self.prompts) - 1) * (columns - split) <= most_saved:
                break
            sources, _ = self.sources(columns)
            saved = (len(self.prompts) - len(sources)) * (columns - split)
            if saved > most_saved:
                best, most_saved = columns, saved
        return best

    def sources(self, columns: int) -> tuple[list[int], list[int]]:
        """The places whose beginnings are computed, and for each place which of them holds its own.

        Of neighbours of which one begins the other the longer one is computed.
        """
        sources, of_place = [0], [0]
        common = self.longest
        for place, with_the_last in enumerate(self.common, 1):
            common = min(common, with_the_last)
            held, own = self._before(sources[-1], columns), self._before(place, columns)
            if common < min(held, own):
                sources.append(place)
                common = self.longest
            elif own > held:
                sources[-1] = place
                common = self.longest
            of_place.append(len(sources) - 1)
        return sources, of_place

    def split(self, columns: int) -> PrefixSplit:
        sources, of_place = self.sources(columns)
        prefix_of_row = dict(zip(self.order, of_place, strict=True))
        return PrefixSplit(
            columns,
            [list(self._prefix(place, columns)) for place in sources],
            [prefix_of_row[row] for row in range(len(self.prompts))],
        )

    def _before(self, place: int, columns: int) -> int:
        """Tokens before the cut; none or fewer where all of that is padding."""
        return self.lengths[place] - (self.longest - columns)

    def _prefix(self, place: int, columns: int) -> Tokens:
        return self.prompts[self.order[place]][: self._before(place, columns)]


def _common(one: Tokens, other: Tokens) -> int:
    """How many tokens both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))
