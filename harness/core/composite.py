"""Combines the verdicts of all required behaviors of one case."""

from collections.abc import Iterable, Mapping

from harness.core.verdict import Outcome, Verdict


def composite(verdicts: Mapping[str, Verdict], required: Iterable[str]) -> Verdict | None:
    """The required verdict that decides the case; ``None`` where the case is undecided.

    An error takes precedence: the case cannot be called failed. A required behavior without a
    verdict leaves the case undecided, and so does a task without required behaviors. A failure
    takes precedence over a pass. Skips are ignored, unless all verdicts are skips: then the case is
    skipped.
    """
    found = [verdicts.get(name) for name in required]
    judged = [verdict for verdict in found if verdict is not None]
    for verdict in judged:
        if verdict.outcome is Outcome.ERROR:
            return verdict
    if len(judged) < len(found):
        return None
    for decisive in (Outcome.FAILED, Outcome.PASSED, Outcome.SKIPPED):
        for verdict in judged:
            if verdict.outcome is decisive:
                return verdict
    return None
