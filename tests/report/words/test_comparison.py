"""The first sentence of a report."""

from dataclasses import replace

import pytest

from harness.core.record import FORMAT_SUCCESS, BehaviorResult
from harness.gate.compare import BehaviorChange, Change, Comparison, Side, compare
from harness.report.words import comparison as sentences
from harness.stats.intervals import clopper_pearson
from tests.synthetic import ADAPTER, BASE, TASK, record


def result(passed: int, failed: int, **more: object) -> BehaviorResult:
    judged = passed + failed
    found = BehaviorResult(
        "m", "t", FORMAT_SUCCESS, passed, failed, interval=clopper_pearson(passed, judged)
    )
    return replace(found, rate=passed / judged if judged else None, **more)  # type: ignore[arg-type]


def test_an_interval_over_new_wordings_says_so() -> None:
    found = result(95, 5, wordings=20)
    assert sentences.of_result(found).endswith("to 98.4% over new wordings).")
    both = sentences.of_intervals(comparison(found, found))
    assert both.startswith("95% intervals over new wordings: ")


def comparison(before: BehaviorResult | None, after: BehaviorResult | None) -> Comparison:
    run = record(1)
    found = compare(Side(run, BASE), Side(run, ADAPTER), TASK)
    return replace(found, composite=replace(found.composite, before=before, after=after))


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ((10, 90), (95, 5), "format_success_rate rose from 10.0% to 95.0% (+85.0 points)."),
        ((289, 11), (279, 21), "format_success_rate fell from 96.3% to 93.0% (-3.3 points)."),
        ((50, 50), (50, 50), "format_success_rate stayed at 50.0%."),
        ((0, 0), (50, 50), "format_success_rate is 50.0%; before, it was not judged."),
        ((5, 5), (0, 0), "format_success_rate could not be judged: 0 errors."),
    ],
)
def test_what_became_of_the_rate(
    before: tuple[int, int], after: tuple[int, int], sentence: str
) -> None:
    assert sentences.of_comparison(comparison(result(*before), result(*after))) == sentence


def test_a_rate_that_nobody_measured_is_not_a_number() -> None:
    unmeasured = "format_success_rate was not measured: not every required behavior was run."
    assert sentences.of_comparison(comparison(result(1, 1), None)) == unmeasured
    assert sentences.of_result(None) == unmeasured
    assert sentences.of_intervals(comparison(None, result(1, 1))) == ""


def test_whether_something_broke_is_always_said() -> None:
    def of(**counts: int) -> str:
        changes = {Change[name.upper()]: count for name, count in counts.items()}
        return sentences.of_changes(BehaviorChange("b", None, None, changes))

    assert of(fixed=1, still_passing=2) == "Of 3 cases, 1 was fixed, none broke, 2 still pass."
    assert of(regressed=2, fixed=1) == "Of 3 cases, 1 was fixed, 2 broke."
    assert of(not_judged=1) == "Of 1 case, 1 was not judged on both sides."
    assert of(added=2, removed=1) == "Of 3 cases, 2 are only after, 1 is only before."
    assert of() == "There is no case on either side."


def test_missed_budgets_are_named() -> None:
    met, missed = result(1, 1, met=True), result(1, 1, met=False)
    assert sentences.of_budgets([]) == "no budget was set"
    assert sentences.of_budgets([met]) == "the one budget is met"
    assert sentences.of_budgets([met, met]) == "all 2 budgets are met"
    assert sentences.of_budgets([missed, met, result(1, 1)]) == (
        "1 of 2 budgets is missed: format_success_rate"
    )


def test_a_budget_that_nothing_was_held_to_is_no_budget_that_is_met() -> None:
    met, missed = result(1, 1, met=True), result(1, 1, met=False)
    skipped = replace(result(0, 0), budget=0.95)
    assert sentences.budgets([skipped]) == "no budget was judged"
    assert sentences.budgets([met, skipped]) == "1 of 2 budgets is met, 1 was not judged"
    assert sentences.budgets([met, met, skipped, skipped]) == (
        "2 of 4 budgets are met, 2 were not judged"
    )
    assert sentences.of_budgets([missed, met, skipped]) == (
        "1 of 3 budgets is missed, 1 was not judged: format_success_rate"
    )
