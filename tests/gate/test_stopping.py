"""When a run may stop: pairs of runs of which the later one was asked a part."""

from dataclasses import replace

import pytest

from harness.core.record import EarlyStop, RunRecord
from harness.core.verdict import Outcome
from harness.gate.compare import Side, compare
from harness.gate.decision import decide
from harness.gate.outcome import GateOutcome
from harness.gate.policy import GatePolicy
from harness.gate.stopping import HARDLY, stop_of
from tests.gating import pair

LOOKS = tuple(range(60, 301, 30))


def part(after: RunRecord, asked: int) -> RunRecord:
    """The run after so many of its cases, with the looks up to there."""
    looks = tuple(look for look in LOOKS if look <= asked)
    stop = EarlyStop("main", total=len(after.samples), asked=asked, looks=looks)
    model = replace(after.models[0], early_stop=stop)
    return replace(after, models=(model,), samples=after.samples[:asked])


def sides(before: RunRecord, after: RunRecord, asked: int) -> tuple[Side, Side]:
    later = part(after, asked)
    return Side(before, before.models[0].ref), Side(later, later.models[0].ref)


def outcome(before: RunRecord, after: RunRecord, asked: int) -> GateOutcome | None:
    stop = stop_of(*sides(before, after, asked), GatePolicy())
    return stop and stop.outcome


def test_an_unchanged_model_stops_at_180_of_300_cases() -> None:
    runs = pair(300)
    assert [outcome(*runs, asked) for asked in (60, 150)] == [None, None]
    assert outcome(*runs, 180) is GateOutcome.PASS


def test_a_large_drop_stops_at_the_first_look() -> None:
    """Seven of sixty have z = 2.65, above the quantile of the first look's 0.7%: 2.46."""
    assert outcome(*pair(300, broke=6), 60) is not GateOutcome.REGRESSION
    assert outcome(*pair(300, broke=7), 60) is GateOutcome.REGRESSION


def test_it_stops_undecided_where_the_rest_would_hardly_decide_it() -> None:
    before, after = pair(300, broke=8, fixed=8)
    stop = stop_of(*sides(before, after, 150), GatePolicy())
    assert stop is not None
    assert (stop.outcome, stop.reason) == (GateOutcome.INCONCLUSIVE, HARDLY)


def test_a_pinned_case_that_broke_stops_at_once() -> None:
    before, after = pair(300, broke=1)
    pinned = [
        replace(run, samples=(replace(run.samples[0], must_pass=True), *run.samples[1:]))
        for run in (before, after)
    ]
    assert outcome(before, after, 60) is None
    assert outcome(*pinned, 60) is GateOutcome.REGRESSION


def test_errors_may_become_few_but_another_decoding_stays() -> None:
    before, after = pair(300)
    task = after.tasks[0]
    sampling = replace(task.sampling, max_new_tokens=task.sampling.max_new_tokens + 1)
    other = replace(after, tasks=(replace(task, sampling=sampling),))
    assert outcome(before, other, 60) is GateOutcome.NOT_COMPARABLE
    errors = tuple(
        replace(s, verdicts={n: replace(v, outcome=Outcome.ERROR) for n, v in s.verdicts.items()})
        for s in after.samples[:5]
    )
    assert outcome(before, replace(after, samples=errors + after.samples[5:]), 60) is None


def test_the_gate_compares_the_asked_cases_at_the_levels_of_the_look() -> None:
    before, after = sides(*pair(300), 180)
    decision = decide(before, after, GatePolicy())
    assert decision.outcome is GateOutcome.PASS
    assert not decision.allowed
    assert decision.tasks[0].composite.pairs == 180
    assert len(compare(before, after, decision.tasks[0].task).cases) == 180
    assert decision.policy.tails.no_flip == pytest.approx(0.05 * 0.53)


def test_other_cases_than_the_baseline_s_are_not_excused_by_stopping() -> None:
    before, after = pair(300)
    less = replace(after, tasks=(replace(after.tasks[0], cases=200),))
    assert outcome(before, less, 60) is GateOutcome.NOT_COMPARABLE
    changed = replace(after, tasks=(replace(after.tasks[0], cases_sha256="other"),))
    assert outcome(before, changed, 60) is GateOutcome.NOT_COMPARABLE


def test_a_stopped_run_is_no_baseline() -> None:
    before, after = pair(300)
    stopped = part(before, 180)
    decision = decide(Side(stopped, stopped.models[0].ref), Side(after, after.models[0].ref),
                      GatePolicy(allow=("cases",)))  # fmt: skip
    assert decision.outcome is GateOutcome.NOT_COMPARABLE
    assert decision.refused[0].kind == "stopped"
