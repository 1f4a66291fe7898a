"""The kept step is the best one that the gate would not refuse after the step kept before it."""

import json

import pytest

from harness.gate.policy import GatePolicy
from trainers.run.selection import EVAL_LOSS, Outcomes, Selection

FORMAT = "format_success_rate"
PROMPTS = 50


def selection(by: str = FORMAT, patience: int | None = None) -> Selection:
    return Selection(by, patience, GatePolicy())


def passing(count: int, grounded: int = PROMPTS) -> Outcomes:
    """The first ``count`` prompts pass."""
    return {
        FORMAT: ["passed"] * count + ["failed"] * (PROMPTS - count),
        "grounding": ["passed"] * grounded + ["failed"] * (PROMPTS - grounded),
    }


def seen(chosen: Selection, step: int, count: int, **others: int) -> bool:
    return chosen.see(step, count / PROMPTS, passing(count, **others))


def test_the_highest_rate_is_kept_and_at_a_tie_the_earlier() -> None:
    chosen = selection()
    assert [seen(chosen, 10 * i, n) for i, n in enumerate((20, 46, 46, 45), 1)] == [
        True, True, False, False
    ]  # fmt: skip
    assert chosen.kept == 20
    assert chosen.told_apart() == ([10], [30, 40])
    assert chosen.summary(40) == (
        "step 20 of 40: format_success_rate 92%, the highest of 4 evaluations; better than step 10 "
        "for sure; too few prompts to tell it from step 30, 40"
    )


def test_a_higher_rate_does_not_pay_for_a_behavior_that_fell() -> None:
    chosen = selection()
    seen(chosen, 10, 40)
    assert not seen(chosen, 20, 48, grounded=30)
    assert seen(chosen, 30, 44, grounded=49)
    assert chosen.kept == 30
    assert "step 20 had 96%, but grounding fell by more than chance explains" in chosen.summary(30)
    assert "the highest of 3 evaluations but those refused" in chosen.summary(30)


def test_the_lowest_loss() -> None:
    chosen = selection(EVAL_LOSS)
    assert [chosen.see(i, v, {}) for i, v in ((1, 2.0), (2, 1.0), (3, 1.0), (4, 1.5))] == [
        True, True, False, False
    ]  # fmt: skip
    assert chosen.summary(4) == "step 2 of 4: eval_loss 1.0000, the lowest of 4 evaluations"


def test_no_judged_answer_is_never_kept() -> None:
    chosen = selection(patience=1)
    assert not chosen.see(1, None, {})
    assert not chosen.is_exhausted
    assert chosen.summary(1) == "step 1, the last: no evaluation had a format_success_rate"


def test_patience_counts_evaluations_in_a_row() -> None:
    chosen = selection(patience=2)
    found = []
    for step, count in enumerate((20, 19, 21, 21, 20)):
        seen(chosen, step, count)
        found.append(chosen.is_exhausted)
    assert found == [False, False, False, False, True]


@pytest.mark.parametrize("counts", [(20, 46, 45), (46, 20, 46)])
def test_it_goes_on_from_a_checkpoint_as_if_nothing_had_happened(counts) -> None:
    whole = selection()
    for step, count in enumerate(counts):
        seen(whole, step, count, grounded=48)
        resumed = selection()
        resumed.go_on(json.loads(json.dumps(whole.state())))
        assert json.dumps(resumed.state()) == json.dumps(whole.state())
    assert seen(whole, 9, 47, grounded=20) == seen(resumed, 9, 47, grounded=20)
    assert resumed.told(9) == whole.told(9)
