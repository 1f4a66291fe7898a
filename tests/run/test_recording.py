"""The record of a run is made of its four values, whole or as far as it came."""

from dataclasses import replace

from harness.core.completion import Completion
from harness.core.record import FORMAT_SUCCESS, BehaviorResult
from harness.core.verdict import FailureCode, Verdict
from harness.engine.fake_host import FakeHost
from harness.records.runs import read_run, write_run
from harness.run.plan import PlannedTest, RunPlan
from harness.run.session import Run
from tests.run.conftest import ADAPTER, BASE, timed

FAILED = Verdict.failed(FailureCode.SYNTAX, "x")


def run_of(*tests: PlannedTest) -> Run:
    return Run(RunPlan.of(tests), FakeHost(lambda ref, request: f"{ref.kind} {request.case_id}"))


def judge(run: Run, subject, behavior: str, fails: str = "") -> None:
    tally = run.verdicts.begin(subject, behavior, None)
    for completion in run.completions(subject):
        is_failed = completion.case_id == fails
        run.verdicts.add(tally, completion, FAILED if is_failed else Verdict.passed())


def test_a_whole_run(base, adapter, tmp_path):
    run = run_of(PlannedTest(base), *timed(adapter))
    for subject in (base, adapter):
        judge(run, subject, "json_validity", fails="bee" if subject is base else "")
    record = run.record("complete", ("pytest", "suites"))
    assert (record.id, record.status, record.command) == (
        run.plan.id, "complete", ("pytest", "suites"),
    )  # fmt: skip
    assert record.plan_fingerprint == run.plan.fingerprint
    assert record.created.endswith("Z")
    assert [m.ref for m in record.models] == [str(BASE), str(ADAPTER)]
    assert [(s.model, s.completion.text) for s in record.samples] == [
        (str(ref), f"{ref.kind} {case}")
        for ref in (BASE, ADAPTER)
        for case in ("ant", "bee", "cat", "dog")
    ]
    assert [s.verdicts["json_validity"].code for s in record.samples[:4]] == [
        None, "syntax", None, None,
    ]  # fmt: skip
    assert [(r.model, r.passed, r.failed) for r in record.results] == [
        (str(BASE), 3, 1),
        (str(ADAPTER), 4, 0),
    ]
    assert [(t.model, t.case_id) for t in record.timed] == [
        (str(ADAPTER), "ant"),
        (str(ADAPTER), "bee"),
    ]
    assert read_run(write_run(record, tmp_path)) == record


def test_the_composite_stands_first_where_every_required_behavior_ran(base):
    task = replace(base.task, required=("a", "b"), budgets={FORMAT_SUCCESS: 0.9})
    subject = replace(base, task=task)
    run = run_of(PlannedTest(subject))
    judge(run, subject, "a", fails="ant")
    assert [r.behavior for r in run.record("complete", ()).results] == ["a"]
    judge(run, subject, "b", fails="bee")
    found = run.record("complete", ()).results
    assert [r.behavior for r in found] == [FORMAT_SUCCESS, "a", "b"]
    assert (found[0].rate, found[0].budget, found[0].met) == (0.5, 0.9, False)


def test_results_of_the_whole_run_stand_last(base):
    run = run_of(PlannedTest(base))
    run.verdicts.measured.append(BehaviorResult(str(BASE), "echo", "variety", passed=1))
    judge(run, base, "json_validity")
    behaviors = [r.behavior for r in run.record("complete", ()).results]
    assert behaviors == ["json_validity", "variety"]


def test_the_outline_knows_what_is_asked_and_of_whom(base, adapter):
    run = run_of(PlannedTest(base), PlannedTest(adapter))
    assert run.outline(()).models == ()
    run.answer(ADAPTER)
    outline = run.outline(("x",))
    assert (outline.status, outline.samples, outline.results) == ("partial", (), ())
    assert [m.ref for m in outline.models] == [str(ADAPTER)]
    (task,) = outline.tasks
    assert (task.name, task.cases, task.selected) == ("echo", 4, False)


def test_a_task_of_which_some_cases_were_asked_is_a_selection(base):
    run = run_of(PlannedTest(replace(base, case_id="bee")))
    (task,) = run.record("complete", ()).tasks
    assert (task.cases, task.selected) == (1, True)


def test_answers_that_nobody_judged_are_samples_without_verdicts(base):
    run = run_of(PlannedTest(base))
    run.answer(BASE)
    record = run.record("partial", ())
    assert all(s.verdicts == {} for s in record.samples)
    assert len(record.samples) == 4


def test_an_answer_that_did_not_come_has_no_sample(base):
    run = run_of(PlannedTest(base))
    request = run.plan.requests[BASE][1]
    run.answers.begin(BASE)
    run.answers.completions[BASE, request.key] = Completion("x", case_id="bee")
    assert [s.case_id for s in run.record("partial", ()).samples] == ["bee"]


def test_a_composite_of_cases_that_share_a_template_counts_wordings(base):
    cases = tuple(replace(case, template="w") for case in base.task.cases)
    subject = replace(base, task=replace(base.task, cases=cases, required=("a",)))
    run = run_of(PlannedTest(subject))
    judge(run, subject, "a")
    composite, single = run.record("complete", ()).results
    assert composite.behavior == FORMAT_SUCCESS
    assert composite.wordings == single.wordings == 1
    assert composite.interval == single.interval
