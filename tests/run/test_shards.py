"""The parts of a plan: each case with its wording, its repeats and its models in one of them."""

from collections import Counter
from dataclasses import replace

import pytest

from harness.core.errors import HarnessError
from harness.core.shard import Shard
from harness.run.plan import PlannedTest, RunPlan
from harness.run.shards import part_of
from tests.run.conftest import ADAPTER, BASE, timed


def with_cases(subject, templates: str):
    """The subject on a task with a case for each letter, of that wording; ``-`` for none."""
    cases = tuple(
        replace(subject.task.cases[0], id=f"case{n}", template=t.strip("-"))
        for n, t in enumerate(templates)
    )
    return replace(subject, task=replace(subject.task, cases=cases, repeats=2))


def parts(plan: RunPlan, count: int) -> list[RunPlan]:
    return [part_of(plan, Shard(n, count)) for n in range(1, count + 1)]


def test_every_request_is_in_one_part_and_parts_are_of_equal_size(base, adapter):
    wide = with_cases(base, "-" * 13)
    plan = RunPlan.of([PlannedTest(wide), *timed(replace(adapter, task=wide.task))])
    found = parts(plan, 3)
    for ref in (BASE, ADAPTER):
        assert Counter(r for p in found for r in p.requests[ref]) == Counter(plan.requests[ref])
    assert [len(p.requests[BASE]) for p in found] == [10, 8, 8]
    assert Counter(r for p in found for r in p.timed[ADAPTER]) == Counter(plan.timed[ADAPTER])
    assert {p.shard.plan_fingerprint for p in found} == {plan.fingerprint}
    assert len({p.fingerprint for p in found}) == 3


def test_a_wording_stays_together_and_the_largest_is_dealt_first(base):
    plan = RunPlan.of([PlannedTest(with_cases(base, "a-bbab-b"))])
    cases = [sorted({r.case_id for r in p.requests[BASE]}) for p in parts(plan, 2)]
    assert cases == [["case2", "case3", "case5", "case7"], ["case0", "case1", "case4", "case6"]]


def test_more_shards_than_wordings_are_refused(base):
    plan = RunPlan.of([PlannedTest(with_cases(base, "aabb"))])
    with pytest.raises(HarnessError, match="--shard 1/3: there are 2 groups of cases that share"):
        part_of(plan, Shard(1, 3))
