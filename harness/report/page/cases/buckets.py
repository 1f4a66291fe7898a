"""The folds of the list of cases, and the cases that the page holds as HTML."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from harness.gate.compare import Change
from harness.report.page.cases.answers import FAILING, PASSING, ShownCase
from harness.report.page.cases.details import CaseDetail
from harness.report.words.comparison import SAID


@dataclass(frozen=True, slots=True)
class Bucket:
    """A fold of the list of cases."""

    title: str
    states: tuple[str, ...]
    hint: str
    static: int
    """The number of its cases that are written as HTML, for readers without JavaScript."""
    is_first: bool = False
    """Shown and open even when it is empty: a reader wants to see that nothing broke."""


PAIR_BUCKETS = (
    Bucket("Regressed", (Change.REGRESSED,), "passed before, fails after", 40, True),
    Bucket("Fixed", (Change.FIXED,), "failed before, passes after", 5),
    Bucket("Still failing", (Change.STILL_FAILING,), "fails before and after", 5),
    Bucket("Unchanged", (Change.STILL_PASSING,), "passes before and after", 2),
    Bucket("Not judged", (Change.NOT_JUDGED,), "an error or a skip on one side", 5),
    Bucket("Added or removed", (Change.ADDED, Change.REMOVED), "stands on one side only", 5),
)
ALONE_BUCKETS = (
    Bucket("Failing", (FAILING,), "a required behavior fails", 40, True),
    Bucket("Passing", (PASSING,), "every required behavior passes", 5),
    Bucket("Not judged", (Change.NOT_JUDGED,), "an error or a skip", 5),
)


STATE_WORDS = {
    **{change.value: one for change, (one, _) in SAID.items()},
    Change.NOT_JUDGED.value: "not judged",
    FAILING: "fails",
    PASSING: "passes",
}
"""The state of one case in words: ``broke``."""


def buckets_of(sides: int) -> tuple[Bucket, ...]:
    """The buckets of a pair, or of one model."""
    return PAIR_BUCKETS if sides > 1 else ALONE_BUCKETS


@dataclass(frozen=True, slots=True)
class BucketView:
    """A bucket with its cases, of which the first are written as HTML."""

    bucket: Bucket
    count: int
    is_open: bool
    """The first bucket, and the first that has cases."""
    shown: tuple[CaseDetail, ...]


def bucket_views(
    cases: Sequence[ShownCase],
    buckets: Iterable[Bucket],
    detail: Callable[[ShownCase], CaseDetail],
    *,
    has_all: bool,
) -> tuple[BucketView, ...]:
    """The buckets that have cases, and the first; all buckets with ``has_all``, which says that a
    reader may choose another pair."""
    count = Counter(case.state for case in cases)
    views: list[BucketView] = []
    for bucket in buckets:
        total = sum(count[state] for state in bucket.states)
        shown = [c for c in cases if c.state in bucket.states][: bucket.static]
        is_open = bucket.is_first or not any(view.count for view in views)
        if total or bucket.is_first or has_all:
            views.append(BucketView(bucket, total, is_open, tuple(map(detail, shown))))
    return tuple(views)
