"""Which cases a run asked: the key that a history's lines share, and the words."""

from dataclasses import replace

import pytest

from harness.core.record import EarlyStop, RunRecord
from harness.core.selection import part_of, selection_key, selection_words
from harness.core.shard import Shard
from tests.synthetic import BASE, BEHAVIORS, record

RUN = record(12)
STOPPED = EarlyStop("main", total=12, asked=5)


def selected(plan: str = "p", **changes: object) -> RunRecord:
    task = replace(RUN.tasks[0], **{"selected": True, **changes})
    return replace(RUN, tasks=(task,), plan_fingerprint=plan)


@pytest.mark.parametrize(
    ("run", "said", "part"),
    [
        (RUN, "all 12", ""),
        (selected(), "12 selected", "asked 12 selected cases of json_extraction"),
        (selected(generate_seed=3), "12 drawn, seed 3", ""),
        (replace(RUN, shard=Shard(1, 4)), "shard 1/4", "is shard 1/4"),
        (replace(RUN, status="partial"), "all 12", "was interrupted"),
        (
            replace(RUN, results=tuple(r for r in RUN.results if r.behavior == BEHAVIORS[1])),
            "all 12",
            "judged json_extraction without json_validity, schema_types and 1 more",
        ),
    ],
)
def test_words(run: RunRecord, said: str, part: str) -> None:
    assert selection_words(run, run.tasks[0], run.models[0]) == said
    assert part_of(run) == part


def test_runs_share_a_key_where_they_asked_the_same_cases() -> None:
    def key(run: RunRecord) -> object:
        return selection_key(run, run.tasks[0], run.models[0])

    assert key(RUN) == key(replace(RUN, plan_fingerprint="another prompt")) == ()
    assert key(selected("p")) == key(selected("p")) != key(selected("q"))
    stopped = replace(RUN, models=(replace(RUN.models[0], early_stop=STOPPED),))
    assert key(stopped) not in (key(RUN), key(selected()))
    assert selection_words(stopped, RUN.tasks[0], stopped.models[0]) == "5 of 12, stopped early"
    assert RUN.models[0].ref == BASE
