"""The decision against a baseline and its anchor: losses add up against what stays."""

from itertools import pairwise

import pytest

from harness.gate.anchored import with_anchor
from harness.gate.compare import Side
from harness.gate.decision import GateDecision
from harness.gate.outcome import GateOutcome
from harness.gate.policy import GatePolicy
from harness.report.words.decision import explanation, sentence
from tests.gating import FIRST, SECOND, gate, run_of
from tests.synthetic import ADAPTER

CASES = 300
NAMES = ("the baseline main (saved 2026-11-20)", "the anchor main (saved 2026-11-01)")


def decided(before: int, anchor: int, after: int, cases: int = CASES) -> GateDecision:
    """The decision where the first cases fail: so many in the baseline, the anchor and after."""
    runs = [
        run_of([i >= failing for i in range(cases)], run_id)
        for failing, run_id in ((before, FIRST), (anchor, "20261101-080000-cccc"), (after, SECOND))
    ]
    decision = gate(runs[0], runs[2])
    return with_anchor(decision, Side(runs[1], ADAPTER), NAMES)


def test_half_a_point_on_each_of_ten_changes_is_red_at_the_tenth() -> None:
    """Of 300 cases every change breaks one or two: against the last baseline none is seen."""
    failing = [round(1.5 * change) for change in range(11)]
    found = [decided(a, 0, b) for a, b in pairwise(failing)]
    assert found[0].outcome is not GateOutcome.REGRESSION
    assert found[9].outcome is GateOutcome.REGRESSION
    assert found[9].other is not None
    assert found[9].other.outcome is not GateOutcome.REGRESSION
    assert found[9].exit_code == 1


def test_the_sentence_names_the_anchor_where_it_decides() -> None:
    found = decided(14, 0, 15)
    said = sentence(found)
    assert said.startswith(
        "REGRESSION: against the anchor main (saved 2026-11-01), format_success_rate fell from "
        "100.0% to 95.0%"
    )
    (other,) = [line for line in explanation(found) if "the baseline main" in line]
    assert other.startswith("PASS: against the baseline main (saved 2026-11-20), ")


def test_and_the_baseline_s_sentence_is_as_ever_where_that_decides() -> None:
    found = decided(0, 0, 15)
    assert sentence(found).startswith("REGRESSION: format_success_rate fell from 100.0% to 95.0%")
    assert any(
        line.startswith("REGRESSION: against the anchor main") for line in explanation(found)
    )


def test_the_worse_outcome_counts_and_other_cases_make_the_anchor_not_comparable() -> None:
    decision = gate(run_of([True] * 300, FIRST), run_of([True] * 300, SECOND))
    anchor = Side(run_of([True] * 200, "20261101-080000-cccc"), ADAPTER)
    found = with_anchor(decision, anchor, NAMES)
    assert found.outcome is GateOutcome.NOT_COMPARABLE
    assert "against the anchor main (saved 2026-11-01), json_extraction: 100 of" in sentence(found)


@pytest.mark.parametrize("failing", [0, 3])
def test_an_unchanged_model_passes_against_both(failing: int) -> None:
    found = decided(failing, failing, failing)
    assert found.outcome is GateOutcome.PASS
    assert found.other is not None
    assert found.other.outcome is GateOutcome.PASS


def test_the_anchor_has_a_margin_and_a_share_of_the_error_rate() -> None:
    policy = GatePolicy(margin=0.01, anchor_margin=0.03, max_latency_increase=0.1)
    assert policy.anchored.margin == 0.03
    assert policy.anchored.confidence == pytest.approx(0.98)
    assert policy.anchored.max_latency_increase is None


def test_measured_noise_is_the_floor_unless_the_policy_sets_one() -> None:
    assert GatePolicy().with_measured_noise(0.03).noise_floor == 0.03
    assert GatePolicy(noise_floor=0.0).with_measured_noise(0.03).noise_floor == 0.0
    assert GatePolicy().with_measured_noise(None).noise_floor == 0.0
