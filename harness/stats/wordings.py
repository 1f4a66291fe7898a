"""Bounds for wordings that nobody has written yet, from wordings none of which broke.

The wordings of a task are taken as drawn from those that its users write. One breaks whole, for all
its cases, or not at all; so the drop over new wordings is the share of them that break. The bound
is exact (Clopper and Pearson, zero events) and one-sided: fewer cases per wording leave it as it
is, fewer wordings widen it.
"""

from harness.stats.intervals import CONFIDENCE
from harness.stats.power import cases_without_flips

WORDING_MARGIN = 0.05
"""Default drop over new wordings that is accepted, 0 to 1."""


def unseen_drop(wordings: int, level: float = CONFIDENCE) -> float:
    """Drop over new wordings, 0 to 1, that is not ruled out when none of ``wordings`` broke.

    1 - (1 - level)^(1 / wordings): 17 points for 16 wordings at 95%. 1.0 without a wording.
    """
    if not (wordings >= 0 and 0 < level < 1):
        raise ValueError(f"{wordings} wordings are 0 or more, level {level} lies between 0 and 1")
    return 1 - (1 - level) ** (1 / wordings) if wordings else 1.0


def wordings_for(margin: float = WORDING_MARGIN, level: float = CONFIDENCE) -> int:
    """Fewest wordings that, when none of them breaks, rule a drop of ``margin`` out: 59 for 5
    points at 95%."""
    return cases_without_flips(margin, level)
