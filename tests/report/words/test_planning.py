"""Shares and needs of a plan in words."""

import pytest

from harness.gate.planning import Assumptions, plan_of
from harness.gate.policy import GatePolicy
from harness.report.words.planning import assumptions, chance, needs, points


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0, "0%"), (0.001, "<1%"), (0.584, "58%"), (0.999, ">99%"), (1.0, "100%")],
)
def test_only_none_and_all_are_0_and_100_percent(value, said):
    assert chance(value) == said


def test_one_point_is_not_many():
    assert [points(share) for share in (0.01, 0.02, 0.005)] == ["1 point", "2 points", "0.5 points"]


def test_tasks_and_answers_are_named_where_there_are_several():
    plan = plan_of(GatePolicy(), Assumptions(flips=0.0, tasks=3, repeats=4), 0.05)
    assert assumptions(plan, "as given") == (
        "A margin of 2 points, to be decided in 80% of runs, 3 tasks, 4 answers to each case. "
        "0% of the cases flip with nothing changed (as given)."
    )
    assert dict(needs(plan))["to pass an unchanged model"] == "149 cases in each task"


def test_a_margin_that_no_number_of_cases_reaches_is_said():
    plan = plan_of(GatePolicy(margin=0.0001), Assumptions())
    assert dict(needs(plan))["to pass an unchanged model"] == "more than 100,000 cases"
