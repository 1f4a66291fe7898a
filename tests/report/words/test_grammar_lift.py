"""Grammar lift: which pairs of runs have one, and its numbers."""

from dataclasses import replace

import pytest

from harness.core.grammar import Grammar
from harness.core.record import RunRecord, TimedAnswer
from harness.gate.policy import GatePolicy
from harness.report import html, json, markdown
from harness.report.console.screen import as_text
from harness.report.report import Report, report_on
from harness.report.terminal import whole
from harness.report.words.grammar_lift import GrammarLift, grammar_lifts
from tests.gating import pair
from tests.synthetic import ADAPTER, TASK

GRAMMAR = Grammar('{"type":"object"}', "llguidance 1.9.1")


def constrained(run: RunRecord, grammar: Grammar | None = GRAMMAR) -> RunRecord:
    return replace(run, tasks=tuple(replace(t, grammar=grammar) for t in run.tasks))


def timed(run: RunRecord, seconds: float) -> RunRecord:
    answers = [
        TimedAnswer(ADAPTER, TASK, f"pay-{i}", "0" * 64, seconds * i, 0.01, 20, i, 1.0)
        for i in (1, 2, 3)
    ]
    return replace(run, timed=tuple(answers))


@pytest.fixture(scope="module")
def report() -> Report:
    free, held = pair(40, fixed=10, broke=1)
    return report_on(timed(free, 0.1), timed(constrained(held), 0.2))


def cells(lift: GrammarLift) -> dict[str, str]:
    return {row.name: row.cells[0] for group in lift.groups for row in group.rows}


def test_a_lift_has_rates_changes_and_costs_of_each_model(report):
    (lift,) = grammar_lifts(report)
    assert (lift.task, lift.models) == (TASK, (report.runs[0].models[0].name,))
    found = cells(lift)
    assert found["format_success_rate"] == "75.0% -> 97.5%"
    assert found["cases fixed, broken"] == "10, 1"
    assert found["answers cut short"] == "10 -> 1"
    # Answers that fail are cut ones here. 57 tokens came in 0.57 s and 1.17 s after the first
    # ones; the second of three answers took 0.2 s and 0.4 s.
    assert found["tokens a second"] == "100 -> 49"
    assert found["latency p50, ms"] == "200 -> 400"


def test_the_form_is_told_apart_from_what_no_grammar_knows(report):
    (lift,) = grammar_lifts(report)
    groups = {group.heading: [row.name for row in group.rows] for group in lift.groups}
    assert "schema_types" in groups["held by the grammar"]
    assert "bracket_repetition" in groups["beyond the grammar"]
    assert list(groups) == ["", "held by the grammar", "beyond the grammar", "cost"]


def test_free_is_left_whichever_run_is_named_first(report):
    free, held = report.runs
    assert grammar_lifts(report_on(held, free)) == grammar_lifts(report)


def test_without_timed_answers_the_cost_is_what_was_cut_alone():
    free, held = pair(8)
    (lift,) = grammar_lifts(report_on(free, constrained(held)))
    assert [row.name for row in lift.groups[-1].rows] == ["answers cut short"]


@pytest.mark.parametrize(
    "change",
    [
        lambda run: run,
        lambda run: constrained(replace(run, tasks=(replace(run.tasks[0], cases=7),))),
        lambda run: constrained(replace(run, tasks=(replace(run.tasks[0], name="other"),))),
        lambda run: constrained(
            replace(run, models=tuple(replace(m, weights_sha256="f" * 64) for m in run.models))
        ),
        lambda run: constrained(
            replace(run, models=tuple(replace(m, error="gone") for m in run.models))
        ),
    ],
    ids=["both free", "other cases", "another task", "another model", "no answers"],
)
def test_other_pairs_of_runs_have_none(change):
    free, held = pair(8)
    assert grammar_lifts(report_on(free, change(held))) == ()


def test_one_run_or_two_of_one_grammar_have_none():
    free, held = pair(8)
    assert grammar_lifts(report_on(constrained(free))) == ()
    assert grammar_lifts(report_on(constrained(free), constrained(held))) == ()


def test_the_report_for_machines_has_its_numbers(report):
    (lift,) = json.content(report)["grammar_lifts"]
    (found,) = lift["models"]
    assert (lift["task"], found["model"]) == (TASK, ADAPTER)
    assert found["behaviors"]["format_success_rate"] == {
        "free": 0.75,
        "constrained": 0.975,
        "is_held_by_grammar": False,
    }
    assert found["behaviors"]["schema_types"]["is_held_by_grammar"]
    assert (found["cases_fixed"], found["cases_broken"]) == (10, 1)
    assert found["cut_short"] == {"free": 10, "constrained": 1}
    assert found["tokens_per_second"]["free"] == pytest.approx(100)
    assert found["p50_seconds"] == {"free": 0.2, "constrained": 0.4}
    free, held = pair(8)
    (lift,) = json.content(report_on(free, constrained(held)))["grammar_lifts"]
    assert lift["models"][0]["tokens_per_second"] is lift["models"][0]["p50_seconds"] is None
    assert json.content(report_on(free, held))["grammar_lifts"] == []


@pytest.mark.parametrize("policy", [None, GatePolicy()])
def test_markdown_shows_it(report, policy):
    shown = markdown.render(report_on(*report.runs, policy=policy))
    (name,) = {m.name for m in report.runs[0].models}
    assert f"### {TASK}: grammar lift: free -> constrained\n\n|  | {name} |\n" in shown
    assert "| *held by the grammar* |  |\n" in shown
    assert "| format_success_rate | 75.0% -> 97.5% |\n" in shown


def test_terminal_and_page_show_it(report):
    shown = as_text(whole(report))
    assert "grammar lift: free -> constrained" in shown
    assert "10, 1" in shown
    page = html.render(report)
    assert 'id="grammar"' in page
    assert "75.0% → 97.5%" in page
    free, held = report.runs
    assert 'id="grammar"' not in html.render(report_on(free, constrained(held, None)))
