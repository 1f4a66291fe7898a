"""Answers by model and request, fed by events; and who else takes the events of a run."""

import json
from dataclasses import replace

import pytest

from harness.core.completion import Completion, FinishReason, Timing
from harness.core.plan import failed
from harness.core.record import ModelRecord
from harness.engine.events import Answered, ModelClosed, ModelOpened, Stepped
from harness.records.journal import Journal
from harness.records.runs import read_run
from harness.run.answers import Answers, JournalWriter, Timings
from harness.run.interleaving import MemoryUse
from harness.run.plan import RunPlan
from harness.run.recording import outline
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


# The journal


@pytest.fixture
def kept(plan, tmp_path):
    """What writes, the answers that its head is made of, and the folder."""
    answers = Answers()
    answers.begin(BASE)
    journal = Journal(tmp_path / plan.id, lambda: outline(plan, answers, ("pytest",)))
    yield JournalWriter(journal, plan), answers, tmp_path / plan.id
    journal.close()


def test_judged_answers_are_on_disk_as_they_come(plan, kept):
    writer, answers, folder = kept
    for event in (ModelOpened(BASE, MODEL), answered(plan.requests[BASE][0], "first")):
        answers.take(event)
        writer.take(event)
    found = read_run(folder)
    assert found.models == (MODEL,)
    assert [s.completion.text for s in found.samples] == ["first"]
    head = (folder / "run.partial.json").stat().st_mtime_ns
    writer.take(answered(plan.requests[BASE][1], "second"))
    assert (folder / "run.partial.json").stat().st_mtime_ns == head
    assert [s.completion.text for s in read_run(folder).samples] == ["first", "second"]


def test_timed_answers_are_not_judged_and_not_kept(plan, kept):
    writer, _, folder = kept
    writer.take(ModelOpened(BASE, MODEL))
    writer.take(answered(plan.timed[BASE][0]))
    assert not folder.exists()


def test_a_replayed_run_is_not_written_twice(plan, kept):
    writer, _, folder = kept
    writer.take(ModelOpened(BASE, replace(MODEL, is_measurable=False)))
    writer.take(answered(plan.requests[BASE][0]))
    assert not folder.exists()


def test_answers_of_a_model_that_never_opened_are_kept_with_a_head(plan, kept):
    """Its process died first: every answer is an error, and the model is known by its name."""
    writer, _, folder = kept
    request = plan.requests[BASE][0]
    writer.take(Answered(BASE, request, failed(request, "it died")))
    (sample,) = read_run(folder).samples
    assert sample.completion.finish_reason is FinishReason.ERROR
    assert json.loads((folder / "run.partial.json").read_text())["models"][0]["ref"] == "base:b"
