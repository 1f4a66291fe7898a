"""Losses written into recorded verdicts, and their effects on a task's pairs."""

import numpy as np
import pytest

from harness.core.verdict import Outcome, Verdict
from harness.gate.compare import Side, compare
from harness.gate.injection import DrawnTask, Loss
from tests.gating import pair, with_verdicts
from tests.synthetic import ADAPTER, BEHAVIORS, TASK


def drawn_task(**flips: int) -> DrawnTask:
    """Four cases, of which the first ones flip."""
    before, after = (Side(run, ADAPTER) for run in pair(4, **flips))
    return DrawnTask(compare(before, after, TASK))


def choose(task: DrawnTask, *losses: Loss) -> np.ndarray:
    return np.array([task.places[loss] for loss in losses])


NONE, SWAPPED = Loss(), Loss(is_swapped=True)


def test_without_a_loss_the_pairs_are_those_of_the_records():
    found = drawn_task(broke=1, fixed=1).pairs(choose(drawn_task(), NONE, NONE, NONE, NONE))
    assert found.composite.differences == (1, -1, 0, 0)
    assert (found.composite.passed_before, found.composite.passed_after) == (3, 3)
    assert found.behaviors["schema_types"].differences == (0, 0, 0, 0)


def test_swapped_sides_turn_a_loss_around():
    task = drawn_task(broke=1, fixed=1)
    found = task.pairs(choose(task, SWAPPED, SWAPPED, NONE, NONE))
    assert found.composite.differences == (-1, 1, 0, 0)


@pytest.mark.parametrize(("is_before", "difference"), [(False, 1), (True, -1)])
def test_a_failure_is_that_of_one_behavior_on_one_side(is_before, difference):
    task = drawn_task()
    loss = Loss(Outcome.FAILED, BEHAVIORS.index("schema_types"), is_before=is_before)
    found = task.pairs(choose(task, NONE, loss, NONE, NONE))
    assert found.composite.differences == (0, difference, 0, 0)
    assert found.behaviors["schema_types"].differences == (0, difference, 0, 0)
    assert found.behaviors["json_validity"].differences == (0, 0, 0, 0)


def test_a_skip_is_lost_and_counts_at_its_worst():
    task = drawn_task()
    found = task.pairs(choose(task, Loss(Outcome.SKIPPED, 0), NONE, NONE, NONE))
    assert found.composite.differences == (0, 0, 0)
    assert found.composite.worst == (1, 0, 0, 0)
    assert found.composite.lost == found.behaviors[BEHAVIORS[0]].lost == 1
    assert task.errors(choose(task, Loss(Outcome.SKIPPED, 0), NONE, NONE, NONE)) == (0, 0)


def test_an_error_is_one_of_all_verdicts_and_is_counted():
    task = drawn_task()
    chosen = choose(task, NONE, NONE, Loss(Outcome.ERROR), Loss(Outcome.ERROR))
    assert task.errors(chosen) == (0, 2)
    assert [pairs.lost for pairs in task.pairs(chosen).behaviors.values()] == [2] * len(BEHAVIORS)


def test_only_cases_that_pass_can_break_by_a_behavior_that_passes():
    before, after = pair(3, failing=1)
    skipped = [Verdict.passed(), Verdict.skipped("none"), Verdict.passed()]
    after = with_verdicts(after, BEHAVIORS[0], skipped)
    task = DrawnTask(compare(Side(before, ADAPTER), Side(after, ADAPTER), TASK))
    none, some, all_of_them = task.breakable(is_swapped=False)
    assert none == ()
    assert some == (1, 2, 3)
    assert all_of_them == (0, 1, 2, 3)
    assert task.breakable(is_swapped=True)[1] == (0, 1, 2, 3)
