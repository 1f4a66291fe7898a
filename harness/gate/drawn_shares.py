"""Tabulates what each loss that can be drawn does to the shares of a graded behavior.

It does for means of shares what ``injection`` does for passes and failures, by the functions that
the gate itself uses.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence

from harness.gate.compare import CaseChange
from harness.gate.graded import (
    GradedCase,
    GradedCases,
    Shares,
    graded_case,
    shares_of,
    wording_of,
)

Changed = Callable[[Sequence[CaseChange], int], Iterable[CaseChange]]
"""The answers of a case with the loss at an index written into them."""


class DrawnShares:
    """One graded behavior of a task's cases, each with every loss that can be drawn."""

    def __init__(
        self,
        behavior: str,
        groups: Sequence[Sequence[CaseChange]],
        kinds: Sequence[Hashable],
        losses: int,
        changed: Changed,
    ) -> None:
        """
        Args:
            behavior: its name.
            groups: the answers of each case, of all cases as many.
            kinds: all that a loss of each case depends on, but for its shares.
            losses: the number of losses.
            changed: writes a loss into the answers of a case.
        """
        self._repeats = max(map(len, groups), default=1)
        found = [(i, group) for i, group in enumerate(groups) if _shares(group, behavior)]
        self._places = [i for i, _ in found]
        self._wordings = [wording_of(group[0]) for _, group in found]
        self._weights = [group[0].sample.weight for _, group in found]
        rows: dict[Hashable, list[GradedCase]] = {}
        self._rows: list[list[GradedCase]] = []
        for place, group in found:
            kind = kinds[place], *_shares(group, behavior)
            if kind not in rows:
                answers = (_shares(changed(group, loss), behavior) for loss in range(losses))
                rows[kind] = [graded_case(own, self._repeats) for own in answers]
            self._rows.append(rows[kind])

    def cases(self, chosen: Sequence[int]) -> GradedCases:
        """The pairs of a draw, given the index of each case's loss."""
        found = [row[chosen[place]] for place, row in zip(self._places, self._rows, strict=True)]
        return GradedCases.of(found, self._wordings, self._weights, self._repeats)

    def after(self, loss: int) -> dict[int, tuple[float, float]]:
        """The share after and the weight of each case that is judged on both sides, by its index,
        with a loss."""
        rows = zip(self._places, self._rows, self._weights, strict=True)
        return {place: (row[loss].after, w) for place, row, w in rows if row[loss].is_judged}


def _shares(group: Iterable[CaseChange], behavior: str) -> list[Shares]:
    found = (shares_of(case, behavior) for case in group)
    return [shares for shares in found if shares is not None]
