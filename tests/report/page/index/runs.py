"""Stored runs for the tests of the index."""

from collections.abc import Sequence
from dataclasses import replace

from harness.core.record import BehaviorResult, RunRecord
from harness.report.page.index.runs import IndexedRun
from tests.synthetic import ADAPTER, BEHAVES, CHATTERS, TASK, record

CHECKPOINTS = tuple(f"adapter:out/x.partial/checkpoint-{step}" for step in (50, 100, 200))


def night(day: int, refs: Sequence[str] = (ADAPTER,), *, right: float = 0.5) -> RunRecord:
    """A run of one night, with a share of right answers."""
    mixes = [(ref, BEHAVES if i else CHATTERS) for i, ref in enumerate(refs)]
    made = record(12, mixes, run_id=f"202611{day:02}-000000-aaaa", seed=day)
    exact = (
        BehaviorResult(ref, TASK, "exact_fields", 6, 6, rate=right, interval=(0.2, 0.8))
        for ref in refs
    )
    created = f"2026-11-{day:02}T00:00:00Z"
    return replace(made, created=created, results=(*made.results, *exact))


def selected(run: RunRecord) -> RunRecord:
    """The run as one of ``--limit``."""
    return replace(
        run, tasks=(replace(run.tasks[0], selected=True),), plan_fingerprint="another plan"
    )


def indexed(*runs: RunRecord, has_page: bool = True) -> tuple[IndexedRun, ...]:
    """The runs as the index has them, in this order."""
    return tuple(IndexedRun(run, f"./{run.id}/report.html", has_page) for run in runs)
