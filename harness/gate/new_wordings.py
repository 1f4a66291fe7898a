"""The second question: would wordings that nobody wrote yet come out worse?

A drop over these cases says nothing about it where a wording breaks whole, since each wording is
then one observation, however many cases it has. So the mean drop of each wording is one value.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.gate.evidence import PairedCases, has_wordings
from harness.gate.policy import FEW_WORDINGS, GatePolicy
from harness.stats.bounded import bounded_mean
from harness.stats.paired import DropInterval
from harness.stats.wordings import wordings_for


@dataclass(frozen=True, slots=True)
class NewWordings:
    """What a task's cases say about wordings that it does not have."""

    wordings: int
    drop: float
    """Mean over the wordings of the drop of each."""
    interval: DropInterval
    """Of that mean over all wordings that users write."""
    needed: int
    """Wordings that would bound the drop below the policy's margin, if none breaks."""

    @property
    def is_enough(self) -> bool:
        """There are enough wordings for a claim about new ones."""
        return self.wordings >= FEW_WORDINGS

    def is_regression(self, policy: GatePolicy) -> bool:
        """New wordings lose for sure, and perhaps by the margin or more."""
        ends = self.interval
        return self.is_enough and ends.low > 0 and ends.high >= policy.wording_margin

    def is_bounded(self, policy: GatePolicy) -> bool:
        """The drop over new wordings is below the margin."""
        return self.is_enough and self.interval.high < policy.wording_margin


def new_wordings(pairs: PairedCases, policy: GatePolicy) -> NewWordings | None:
    """The interval of the drop over new wordings; ``None`` where no two cases share a wording:
    each case is then its own wording, and the drop over cases answers this question too."""
    if not has_wordings(pairs.worst_wordings):
        return None
    judged = _means(pairs.differences, pairs.wordings, pairs.repeats)
    worst = _means(pairs.worst, pairs.worst_wordings, pairs.repeats)
    tails = policy.wording_tails
    low, high = bounded_mean(judged, (-1, 1), tails)
    if pairs.not_judged:
        high = max(high, bounded_mean(worst, (-1, 1), tails).high)
    drop = sum(judged) / len(judged)
    needed = wordings_for(policy.wording_margin, policy.confidence)
    return NewWordings(len(judged), drop, DropInterval(low, high), needed)


def _means(differences: Sequence[int], wordings: Sequence[str], repeats: int) -> list[float]:
    """The mean drop of each wording."""
    groups: dict[str, list[int]] = {}
    for difference, wording in zip(differences, wordings, strict=True):
        groups.setdefault(wording, []).append(difference)
    return [sum(own) / (len(own) * repeats) for own in groups.values()]
