"""Verdicts are one list; tallies and what stands on each answer are made from it."""

from dataclasses import replace

from harness.core.completion import Completion
from harness.core.grade import FieldGrade, Grade
from harness.core.record import BehaviorResult
from harness.core.verdict import FailureCode, Verdict
from harness.run.verdicts import Verdicts
from harness.stats.rates import rate_interval
from tests.run.conftest import ADAPTER, BASE

PASSED, FAILED = Verdict.passed(), Verdict.failed(FailureCode.SYNTAX, "x")


def answer(case: str, repeat: int = 0) -> Completion:
    return Completion("x", case_id=case, repeat=repeat)


def judged(verdicts: Verdicts, subject, behavior: str, *found) -> None:
    tally = verdicts.begin(subject, behavior, None)
    for completion, verdict in found:
        verdicts.add(tally, completion, verdict)


def test_a_tally_is_of_one_test_and_the_whole_is_of_all(base):
    """As ``--per-case`` has it: a test for each case, one behavior."""
    verdicts = Verdicts()
    first, second = (verdicts.begin(base, "is_x", None) for _ in range(2))
    verdicts.add(first, answer("ant"), PASSED)
    verdicts.add(second, answer("bee"), FAILED)
    assert [c.case_id for c, _ in second.judged] == ["bee"]
    (whole,) = verdicts.tallies()
    assert [c.case_id for c, _ in whole.judged] == ["ant", "bee"]
    assert (whole.result().passed, whole.result().failed, whole.result().met) == (1, 1, True)


def test_a_test_that_is_run_again_replaces_what_it_found(base):
    """As pytest-rerunfailures does it: an answer counts once."""
    verdicts = Verdicts()
    for verdict in (FAILED, PASSED):
        tally = verdicts.begin(base, "is_x", None, "suites/test_x.py::test_is_x")
        verdicts.add(tally, answer("ant"), verdict)
        verdicts.measure(BehaviorResult("base:m", "echo", "variety", passed=verdict is PASSED))
    (whole,) = verdicts.tallies()
    assert whole.judged == [(answer("ant"), PASSED)]
    assert [result.passed for result in verdicts.measured] == [True]


def test_the_tasks_budget_goes_before_the_marks_and_the_marks_before_ours(base):
    verdicts = Verdicts()
    budgets = [verdicts.begin(base, "is_x", 0.9), verdicts.begin(base, "is_y", 0.9)]
    budgets.append(verdicts.begin(base, "is_z", None))
    assert [tally.budget for tally in budgets] == [0.5, 0.9, 0.95]


def test_tallies_stand_in_the_order_begun_and_one_without_a_verdict_among_them(base, adapter):
    verdicts = Verdicts()
    judged(verdicts, base, "b", (answer("ant"), PASSED))
    verdicts.begin(base, "empty", None)
    judged(verdicts, adapter, "a", (answer("ant"), FAILED))
    found = [(t.model, t.behavior, len(t.judged)) for t in verdicts.tallies()]
    assert found == [(str(BASE), "b", 1), (str(BASE), "empty", 0), (str(ADAPTER), "a", 1)]
    empty = list(verdicts.tallies())[1].result()
    assert (empty.passed, empty.failed, empty.rate, empty.met) == (0, 0, None, None)


def test_each_answer_has_its_verdicts_by_behavior(base, adapter):
    verdicts = Verdicts()
    judged(verdicts, base, "b", (answer("ant"), PASSED), (answer("ant", 1), FAILED))
    judged(verdicts, base, "c", (answer("ant"), FAILED))
    judged(verdicts, adapter, "b", (answer("ant"), FAILED))
    assert verdicts.by_answer() == {
        (str(BASE), "echo", "ant", 0): {"b": PASSED, "c": FAILED},
        (str(BASE), "echo", "ant", 1): {"b": FAILED},
        (str(ADAPTER), "echo", "ant", 0): {"b": FAILED},
    }
    assert list(verdicts.by_answer()[str(BASE), "echo", "ant", 0]) == ["b", "c"]


def test_cases_that_share_a_template_have_an_interval_over_new_wordings(base):
    cases = tuple(
        replace(case, template="w" if case.id[0] in "ab" else "") for case in base.task.cases
    )
    verdicts = Verdicts()
    subject = replace(base, task=replace(base.task, cases=cases))
    judged(verdicts, subject, "is_x", *((answer(case.id), PASSED) for case in cases))
    (tally,) = verdicts.tallies()
    found = tally.result()
    assert found.wordings == 3
    assert found.interval == rate_interval([1.0] * 4, ["w", "w", "", ""])


def graded(equal: int, leaves: int = 4) -> Verdict:
    outcome = PASSED if equal == leaves else FAILED
    return outcome.graded(Grade((FieldGrade("/a", leaves, leaves, equal),)))


def test_graded_answers_have_a_mean_share_that_the_budget_is_held_against(base):
    verdicts = Verdicts()
    found = [(answer("ant"), graded(4)), (answer("bee"), graded(3)), (answer("cat"), FAILED)]
    judged(verdicts, base, "is_x", *found)
    (result,) = (t.result() for t in verdicts.tallies())
    assert (result.passed, result.failed, result.rate) == (1, 2, (1 + 0.75 + 0) / 3)
    assert (result.budget, result.met) == (0.5, True)
    assert result.shares is not None
    assert result.shares.fields == (FieldGrade("/a", 8, 8, 7),)
    assert result.interval is not None
    assert result.interval[0] < result.rate < result.interval[1]


def test_several_graded_answers_to_a_case_are_one_case(base):
    verdicts = Verdicts()
    found = [(answer("ant", i), graded(e)) for i, e in enumerate((4, 0))]
    judged(
        verdicts, base, "is_x", *found, (answer("bee"), graded(4)), (answer("bee", 1), graded(4))
    )
    (result,) = (t.result() for t in verdicts.tallies())
    assert (result.rate, result.repeats, result.cases) == (0.75, 2, 2)


def test_a_graded_error_is_in_no_mean_and_meets_no_budget(base):
    verdicts = Verdicts()
    error = Verdict.error(FailureCode.BACKEND_ERROR, "killed")
    judged(verdicts, base, "is_x", (answer("ant"), graded(4)), (answer("bee"), error))
    (result,) = (t.result() for t in verdicts.tallies())
    assert (result.rate, result.shares, result.met) == (None, None, False)
