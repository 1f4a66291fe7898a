"""Latency of a run against its task's budgets."""

from harness.checks.latency_budget import LatencyBudget
from harness.core.measurement import Latency
from harness.core.verdict import FailureCode, Outcome

SECONDS = (8.0, 9.0, 10.0, 25.0)
"""Mean 13, median 9, p95 25."""


def test_the_mean_is_held_by_itself():
    latency = Latency(SECONDS, (0.1,) * 4)
    assert latency.measured["mean_seconds"] == 13.0
    verdict = LatencyBudget({"latency_mean_seconds": 12.0}).judge(latency)
    assert verdict.code is FailureCode.TOO_SLOW
    assert verdict.reason == "mean took 13 s, the budget is 12 s"
    for budgets in ({"latency_mean_seconds": 13.0}, {"latency_p50_seconds": 9.0}):
        assert LatencyBudget(budgets).judge(latency).outcome is Outcome.PASSED


def test_every_limit_that_is_missed_is_named():
    budgets = {"latency_mean_seconds": 12.0, "latency_p95_seconds": 20.0}
    verdict = LatencyBudget(budgets).judge(Latency(SECONDS, (0.1,) * 4))
    assert verdict.reason == (
        "mean took 13 s, the budget is 12 s; p95 took 25 s, the budget is 20 s"
    )
