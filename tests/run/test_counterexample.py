"""A model is asked about smaller prompts beyond its plan, and about none of them twice."""

from dataclasses import replace

import pytest

from harness.core.completion import Completion, FinishReason
from harness.core.verdict import FailureCode, Verdict
from harness.engine.fake_host import FakeHost
from harness.run.counterexample import Followups, find_counterexample
from harness.run.plan import PlannedTest, RunPlan
from harness.run.selection import Subject
from harness.run.session import Run
from harness.tasks.generate.drawing import Drawing
from harness.tasks.task import load_task
from tests.project import TASK, Project
from tests.run.conftest import BASE

VARIABLES = """\
variables:
  word: {type: words, of: [ant, bee, cat, dog], min_words: 1, max_words: 3}
"""


@pytest.fixture
def drawing() -> Drawing:
    return Drawing(7, seed=0)


@pytest.fixture
def drawn(tmp_path, drawing) -> Subject:
    project = Project(tmp_path)
    project.task("echo", TASK + VARIABLES)
    task = drawing.cases_of(load_task(project.root / "tasks/echo"))
    assert task is not None
    return Subject(BASE, task)


def run_of(subject: Subject, **more) -> Run:
    host = FakeHost(lambda ref, request: request.messages[-1].content, **more)
    return Run(RunPlan.of([PlannedTest(subject)]), host, has_followups=True)


def judge(case, completion) -> Verdict:
    is_bee = "bee" in completion.text
    return Verdict.failed(FailureCode.ASSERTION, "a bee") if is_bee else Verdict.passed()


def tally_of(run: Run, subject: Subject):
    tally = run.verdicts.begin(subject, "is_x", None)
    for completion in run.completions(subject):
        run.verdicts.add(tally, completion, judge(None, completion))
    return tally


def test_the_smallest_prompt_that_fails_alike_is_found(drawn, drawing):
    run = run_of(drawn)
    tally = tally_of(run, drawn)
    found = find_counterexample(drawing, Followups(run), drawn, tally, judge, 320)
    assert found is not None
    assert found.sample.variables == {"word": "bee"}
    assert found.sample.verdicts == {"is_x": Verdict.failed(FailureCode.ASSERTION, "a bee")}
    assert found.requests > found.steps > 0
    assert run.host.opened == [BASE], "its process waited"
    assert len(run.record("complete", ()).samples) == 7, "what is asked beyond is no answer"


def test_where_none_failed_nobody_is_asked(drawn, drawing):
    run = run_of(drawn)
    tally = run.verdicts.begin(drawn, "is_x", None)
    for completion in run.completions(drawn):
        run.verdicts.add(tally, completion, Verdict.passed())
    before = len(run.host.asked)
    assert find_counterexample(drawing, Followups(run), drawn, tally, judge, 320) is None
    assert len(run.host.asked) == before


def test_a_sampled_answer_may_fail_by_chance_so_that_no_smaller_one_is_asked(drawn, drawing):
    sampled = replace(drawn.task.sampling, temperature=0.5)
    subject = replace(drawn, task=replace(drawn.task, sampling=sampled))
    run = run_of(subject)
    found = find_counterexample(
        drawing, Followups(run), subject, tally_of(run, subject), judge, 320
    )
    assert found is not None
    assert (found.steps, found.requests) == (0, 0)


def test_no_prompt_is_asked_twice_whatever_its_case(drawn):
    run = run_of(drawn)
    followups = Followups(run)
    cases = [replace(drawn.task.cases[0], id=name) for name in ("one", "two")]
    found = followups.answers(drawn, cases)
    assert [c.case_id for c in found] == ["one", "two"]
    assert len({c.text for c in found}) == 1
    followups.answers(drawn, cases)
    assert len(run.host.asked) == 1


def test_a_model_that_does_not_open_answers_with_errors(drawn):
    run = run_of(drawn, unopened={BASE: "no weights"})
    (found,) = Followups(run).answers(drawn, drawn.task.cases[:1])
    assert (found.finish_reason, found.error) == (FinishReason.ERROR, "no weights")


def test_an_answer_that_does_not_come_is_an_error(drawn, monkeypatch):
    run = run_of(drawn)
    monkeypatch.setattr(run.host, "answers", lambda *asked, **more: (e for e in ()))
    (found,) = Followups(run).answers(drawn, drawn.task.cases[:1])
    assert isinstance(found, Completion)
    assert found.error == "the model did not answer"
