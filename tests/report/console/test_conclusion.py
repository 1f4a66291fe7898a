"""The end of a session: one line that decides, then what missed and why."""

from dataclasses import replace

from harness.core.record import RunRecord
from harness.gate.policy import GatePolicy
from harness.report.console.conclusion import MAX_BLOCKS, missed, verdict
from harness.report.report import report_on
from tests.gating import gate, pair
from tests.synthetic import ADAPTER, BASE, BEHAVES, CHATTERS, record


def said(run: RunRecord) -> str:
    return "".join(verdict(run))


def test_the_verdict_is_one_line() -> None:
    run = record(60)
    assert said(run) == "FAIL: 4 of 10 budgets are missed"
    met = replace(run, results=tuple(r for r in run.results if r.model == ADAPTER and r.met))
    assert said(met) == "PASS: all 5 budgets are met"
    assert said(replace(run, results=())) == "NOT JUDGED: no budget was set"
    assert said(replace(met, status="partial")).startswith("INTERRUPTED: of what was judged, all 5")


def test_a_gate_decides_before_the_budgets() -> None:
    before, after = pair(300, broke=14)
    word, rest = verdict(after, [gate(before, after)])
    assert word == "REGRESSION"
    assert rest == ": format_success_rate fell from 100.0% to 95.3%; all 5 budgets are met"
    other = replace(after, plan_fingerprint="0" * 64, tasks=())
    word, rest = verdict(other, [gate(before, other)])
    assert word == "NOT COMPARABLE"
    assert rest.endswith("; all 5 budgets are met")
    assert next(missed(after, [gate(before, after)])) == "  14 broke:"


def test_what_missed_is_told_by_its_causes_and_its_measurements() -> None:
    lines = [*missed(record(60, [(BASE, CHATTERS)]))]
    assert lines[0] == (
        "missed: format_success_rate, json_validity, no_extra_text, "
        "latency_budget (p95 2.4 s, at most 2 s)"
    )
    assert lines[1].endswith(" fail:")
    assert any(f" begin with ```json{9 * ' '}pay-00" in line for line in lines)
    assert lines[-1] == "  latency_budget: p95 2.4 s is over the budget of 2.0 s"
    assert [*missed(record(60, [(ADAPTER, BEHAVES[:1])]))] == []


def test_a_behavior_outside_of_the_composite_is_told_where_it_fails_otherwise() -> None:
    run = record(60, [(BASE, CHATTERS)])
    [task] = run.tasks
    run = replace(run, tasks=(replace(task, required=("schema_types",)),))
    lines = [*missed(run)]
    assert any(line.startswith("  no_extra_text, ") for line in lines)
    assert any("schema" not in line for line in lines)


def test_many_models_are_counted() -> None:
    models = [(f"{BASE}{i}", CHATTERS) for i in range(MAX_BLOCKS + 2)]
    lines = [*missed(record(10, models))]
    assert lines[0].startswith(f"{BASE}0: missed: ")
    assert lines[-1] == "and 2 more models and tasks"
    [long, _] = [*missed(record(10, [("base:" + "x/" * 40 + "tiny", CHATTERS), (BASE, BEHAVES)]))][
        :2
    ]
    assert long.startswith("tiny: missed: ")


def test_a_decision_that_is_asked_for_later_has_the_same_causes() -> None:
    report = report_on(*pair(60, broke=6), policy=GatePolicy())
    assert report.decision is not None
    assert next(missed(report.runs[1], [report.decision])) == "  6 broke:"
