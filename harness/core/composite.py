"""All required behaviors of one case as one verdict."""

from collections.abc import Iterable, Mapping

from harness.core.verdict import Outcome, Verdict


def composite(verdicts: Mapping[str, Verdict], required: Iterable[str]) -> Verdict | None:
    """The first required verdict that decides; ``None`` where nothing does.

    An error goes before everything: it cannot be said that the case failed. A required behavior
    that was not judged leaves the case open, and so does having none. A failure goes before a pass.
    A skip is nobody's fault and does not count, but a case of which everything is skipped is
    skipped and did not pass.
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
