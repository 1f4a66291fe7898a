"""Answers by model and request, and timings, fed by events."""

from dataclasses import replace

import pytest

from harness.core.completion import Completion, Timing
from harness.core.plan import failed
from harness.core.record import ModelRecord
from harness.engine.events import Answered, ModelClosed, ModelOpened, Stepped
from harness.run.answers import Answers, Timings
from harness.run.interleaving import MemoryUse
from harness.run.plan import RunPlan
from tests.run.conftest import ADAPTER, BASE, timed

MODEL = ModelRecord("base:b", "base", "b", device="cpu")


@pytest.fixture
def plan(base) -> RunPlan:
    return RunPlan.of(timed(base))


def answered(request, text="x", **changes) -> Answered:
    completion = Completion(text, case_id=request.case_id, timing=Timing(0.2, 0.1, 1))
    return Answered(BASE, request, replace(completion, **changes))


def test_a_model_is_known_better_and_better():
    answers = Answers()
    answers.begin(BASE)
    assert answers.models == {BASE: ModelRecord("base:b", "base", "b")}
    answers.take(ModelOpened(BASE, MODEL))
    assert answers.models[BASE] is MODEL
    assert answers.memory_of(BASE) == MemoryUse(None, None, None)
    measured = replace(MODEL, peak_memory_mb=80.0)
    answers.take(ModelClosed(BASE, measured, available_mb=900.0))
    assert answers.models[BASE] is measured
    assert answers.memory_of(BASE) == MemoryUse("cpu", 80.0, 900.0)


def test_what_was_not_answered_is_missing(plan):
    answers = Answers()
    ant, bee, cat, dog = plan.requests[BASE]
    for request in (dog, ant):
        answers.take(answered(request, request.case_id))
    answers.take(Stepped(BASE, tokens=9, ended=1))
    assert [c.text for c in answers.to(BASE, plan.requests[BASE])] == ["ant", "dog"]
    assert answers.missing(BASE, plan.requests[BASE]) == [bee, cat]
    assert answers.missing(ADAPTER, [ant]) == [ant]


@pytest.mark.parametrize(
    ("changes", "can"), [({}, True), ({"error": "x"}, False), ({"is_measurable": False}, False)]
)
def test_a_model_that_answered_for_itself_can_be_timed(changes, can):
    answers = Answers()
    answers.take(ModelOpened(BASE, replace(MODEL, **changes)))
    assert answers.can_be_timed(BASE) is can


def test_timed_answers_are_kept_in_the_order_measured(plan):
    timings = Timings(plan.start)
    ant, bee = plan.timed[BASE]
    timings.take(answered(plan.requests[BASE][0]))
    timings.take(answered(bee))
    timings.take(Answered(BASE, ant, failed(ant, "it died")))
    timings.take(answered(ant))
    assert [(t.case_id, t.order) for t in timings.answers] == [("bee", 0), ("ant", 1)]
    assert all(t.seconds == 0.2 for t in timings.answers)
    first, second = timings.answers
    assert 0 <= first.after_seconds <= second.after_seconds
