"""Combines the verdicts of all required behaviors of one case."""

from collections.abc import Iterable, Mapping

from harness.core.verdict import Outcome, Verdict

_ORDER = (Outcome.ERROR, None, Outcome.FAILED, Outcome.PASSED, Outcome.SKIPPED)
"""Outcomes, and no verdict, by precedence."""
_RANKS = {outcome: rank for rank, outcome in enumerate(_ORDER)}


def composite(verdicts: Mapping[str, Verdict], required: Iterable[str]) -> Verdict | None:
    """The required verdict that decides the case; ``None`` where the case is undecided.

    An error takes precedence: the case cannot be called failed. A required behavior without a
    verdict leaves the case undecided, and so does a task without required behaviors. A failure
    takes precedence over a pass. Skips are ignored, unless all verdicts are skips: then the case is
    skipped.
    """
    decisive, least = None, len(_RANKS)
    for name in required:
        verdict = verdicts.get(name)
        rank = _RANKS[verdict.outcome if verdict is not None else None]
        if rank < least:
            decisive, least = verdict, rank
    return decisive
