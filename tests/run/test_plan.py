"""The plan of a run: each request once, whatever number of tests read its answer."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from harness.core.completion import Completion
from harness.core.plan import fingerprint_of
from harness.core.verdict import Verdict
from harness.run.plan import PlannedTest, RunPlan, RunStart
from tests.run.conftest import ADAPTER, BASE, timed


def keys(requests) -> list[str]:
    return [r.key for r in requests]


def test_many_tests_ask_each_request_once(base, adapter):
    plan = RunPlan.of([PlannedTest(s) for s in (base, adapter, base, adapter)])
    assert list(plan.requests) == [BASE, ADAPTER]
    for ref in (BASE, ADAPTER):
        assert keys(plan.requests[ref]) == [f"echo/{c}/0" for c in ("ant", "bee", "cat", "dog")]
        assert plan.timed[ref] == ()
    assert plan.tasks == {"echo": base.task}
    assert not plan.has_several_timed


def test_the_first_cases_are_timed_besides(base, adapter):
    plan = RunPlan.of([PlannedTest(base), *timed(adapter)])
    assert keys(plan.timed[ADAPTER]) == ["echo/ant/0/timed", "echo/bee/0/timed"]
    assert len(plan.requests[ADAPTER]) == 4
    assert plan.timed_of(adapter) == list(plan.timed[ADAPTER])
    assert plan.timed_of(base) == []
    assert not plan.has_several_timed
    assert RunPlan.of(timed(base, adapter)).has_several_timed


def test_a_test_of_one_case_asks_that_case_alone(base):
    tests = [PlannedTest(replace(base, case_id=case)) for case in ("dog", "bee")]
    plan = RunPlan.of(tests)
    assert keys(plan.requests[BASE]) == ["echo/bee/0", "echo/dog/0"]
    assert keys(plan.judged(tests[0].subject)) == ["echo/dog/0"]
    assert keys(plan.judged(base)) == ["echo/bee/0", "echo/dog/0"]


def test_repeats_are_requests_of_their_own(base):
    task = replace(base.task, repeats=2, cases=base.task.cases[:1])
    plan = RunPlan.of([PlannedTest(replace(base, task=task))])
    assert keys(plan.requests[BASE]) == ["echo/ant/0", "echo/ant/1"]


def test_the_fingerprint_is_of_all_models_and_of_no_timing(base, adapter):
    one = RunPlan.of([PlannedTest(base)])
    assert one.fingerprint == fingerprint_of(one.requests[BASE])
    assert RunPlan.of(timed(base, adapter)).fingerprint == one.fingerprint
    part = RunPlan.of([PlannedTest(replace(base, case_id="ant")), PlannedTest(adapter)])
    assert part.fingerprint == one.fingerprint, "together they ask every case"
    less = RunPlan.of([PlannedTest(replace(base, case_id="ant"))])
    assert less.fingerprint != one.fingerprint


def test_a_plan_does_not_change(base):
    plan = RunPlan.of([PlannedTest(base)])
    with pytest.raises(AttributeError):
        plan.id = "another"


def test_a_run_is_named_by_its_start(base):
    start = RunStart(datetime(2026, 11, 20, 13, 15, 2, tzinfo=UTC))
    assert RunPlan.of([PlannedTest(base)], start).id.startswith("20261120-131502-")
    assert 0 <= start.seconds < 60


def test_a_sample_has_the_variables_of_a_drawn_case_alone(base):
    plan = RunPlan.of([PlannedTest(base)])
    (request, *_) = plan.requests[BASE]
    answer, verdicts = Completion("x", case_id="ant"), {"json": Verdict.passed()}
    own = plan.sample(BASE, request, answer, verdicts)
    assert (own.model, own.task, own.case_id, own.variables) == ("base:b", "echo", "ant", {})
    assert (own.completion, own.verdicts, own.reference) == (answer, verdicts, {"word": "ant"})
    drawn = replace(base.task, generate_seed=0)
    plan = RunPlan.of([PlannedTest(replace(base, task=drawn))])
    assert plan.sample(BASE, request, answer, verdicts).variables == {"word": "ant"}


def test_nothing_to_ask_is_a_plan_too():
    plan = RunPlan.of([])
    assert (plan.requests, plan.timed, plan.tasks) == ({}, {}, {})
    assert plan.fingerprint == fingerprint_of([])
