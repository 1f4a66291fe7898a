"""Tables for a terminal: in 80 columns, with and without color, whatever the model said."""

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from harness.core.record import FORMAT_SUCCESS, RunRecord
from harness.core.verdict import FailureCode, Verdict
from harness.gate.compare import Change, Comparison, Side, compare
from harness.report.console.screen import as_text
from harness.report.terminal import BeforeAfter, Summary, chosen
from harness.report.words.comparison import of_budgets
from tests.synthetic import (
    ADAPTER,
    BASE,
    TASK,
    broken,
    good,
    record,
    record_of,
    sample,
    samples,
    values,
    with_text,
)

HOSTILE = "[red]\x1b[2J\x1b]8;;http://x\x07 \u202egnp.exe\u202c \x00 \ud800 \u200b \r\n [/] «é»"


@pytest.fixture(scope="module")
def run() -> RunRecord:
    return record(60)


def pairs(run: RunRecord) -> Comparison:
    return compare(Side(run, BASE), Side(run, ADAPTER), TASK)


def test_the_summary_names_rate_interval_budget_and_whether_it_was_met(run: RunRecord) -> None:
    lines = as_text(Summary(run)).splitlines()
    assert lines[0].split() == ["json_extraction", "60", "cases,", "greedy"]
    composite = [line for line in lines if FORMAT_SUCCESS in line]
    assert len(composite) == 2
    assert re.search(r"8\.3%  2\.8 to 18\.4%    >= 90%       MISSED +60", composite[0])
    assert re.search(r"met +60", composite[1])
    assert any(
        re.search(r"latency_budget p95 +2\.4 s +p50 1\.44 s +<= 2 s +MISSED", x) for x in lines
    )
    assert any(re.search(r"memory_budget +612 MB +<= 1,500 MB +met", x) for x in lines)


def test_every_latency_budget_stands_with_its_value(run: RunRecord) -> None:
    """The p50 is missed, the p95 that stands for all is not."""
    values = {"p50_seconds": 1.2, "p95_seconds": 1.63, "first_token_seconds": 0.04}
    limits = {"p50_seconds": 1.0, "p95_seconds": 2.0, "first_token_seconds": 0.5}
    held = replace(
        next(r for r in run.results if r.behavior == "latency_budget"),
        measured=values, limits=limits, limited="p95_seconds", budget=2.0, met=False,
    )  # fmt: skip
    shown = as_text(Summary(replace(run, results=(held,))))
    rows = [line.split() for line in shown.splitlines() if "latency_budget" in line]
    assert rows == [
        ["latency_budget", "p50", "1.2", "s", "<=", "1", "s", "MISSED"],
        ["latency_budget", "p95", "1.63", "s", "<=", "2", "s", "met"],
        ["latency_budget", "first", "token", "0.04", "s", "<=", "0.5", "s", "met"],
    ]
    assert of_budgets([held]) == "1 of 3 budgets is missed: latency_budget (p50 1.2 s, at most 1 s)"


def test_columns_are_closer_where_a_long_number_would_cut_the_last_one(run: RunRecord) -> None:
    rate = next(r for r in run.results if r.behavior == FORMAT_SUCCESS)
    rate = replace(rate, passed=2_990, failed=10, interval=(0.955, 1.0), budget=0.95, met=False)
    found = next(r for r in run.results if r.behavior == "latency_budget")
    values, limits = {"first_token_seconds": 0.00779}, {"first_token_seconds": 123456.0}
    held = replace(
        found, measured=values, limits=limits, limited="first_token_seconds", budget=123456.0
    )
    shown = as_text(Summary(replace(run, results=(rate, held))), width=80)
    assert "0.00779 s" in shown
    assert [line.split()[-1] for line in shown.splitlines() if FORMAT_SUCCESS in line] == ["3000"]


def test_what_was_measured_elsewhere_stands_under_the_table(run: RunRecord) -> None:
    stated = {"format_success_rate": 0.987, "latency_mean_seconds": 20.1}
    tasks = tuple(replace(t, stated=stated, stated_by="the \x1b[2J owner") for t in run.tasks)
    shown = " ".join(as_text(Summary(replace(run, tasks=tasks))).split())
    assert (
        "stated by the ␛[2J owner: format_success_rate 98.7%, latency mean 20.1 s "
        "(measured elsewhere: nothing is decided by them)"
    ) in shown


def test_the_title_says_that_intervals_are_over_new_wordings(run: RunRecord) -> None:
    assert "wording" not in as_text(Summary(run))
    results = tuple(replace(result, wordings=5) for result in run.results)
    title = as_text(Summary(replace(run, results=results))).splitlines()[0]
    assert f"{run.tasks[0].cases} cases in 5 wordings, greedy" in title
    assert title.rstrip().endswith("; intervals over new wordings")


def test_format_success_rate_is_each_model_s_first_line(run: RunRecord) -> None:
    backwards = replace(run, results=run.results[::-1])
    lines = as_text(Summary(backwards)).splitlines()
    for ref in (BASE, ADAPTER):
        assert FORMAT_SUCCESS in lines[lines.index(ref.ljust(0)) + 1]


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_nothing_is_wider_than_the_terminal(run: RunRecord, width: int) -> None:
    for shown in (Summary(run), BeforeAfter(pairs(run))):
        assert max(len(line) for line in as_text(shown, width=width).splitlines()) <= width


def test_codes_stand_beside_the_numbers_where_there_is_room(run: RunRecord) -> None:
    assert "  failed as: " in as_text(Summary(run), width=80)
    wide = as_text(Summary(run), width=140)
    assert "  failed as: " not in wide
    assert re.search(r"MISSED +60 +\w+ \d+, ", wide)


def test_color_adds_no_information(run: RunRecord) -> None:
    plain, colored = as_text(Summary(run)), as_text(Summary(run), color=True)
    assert "\x1b" not in plain
    without = re.sub(r"\x1b\[[\d;]*m", "", colored)
    assert [line.rstrip() for line in without.splitlines()] == plain.splitlines()


def test_errors_have_a_column_only_when_there_are_any(run: RunRecord) -> None:
    assert "errors" not in as_text(Summary(run)).splitlines()[1]
    failed = record_of([(BASE, samples(BASE, 5, [(good, 1), (broken, 1)], 1))])
    text = as_text(Summary(failed))
    assert "errors" in text.splitlines()[1]
    assert "backend_error" in text


def test_a_model_without_completions_and_a_partial_run_are_said(run: RunRecord) -> None:
    models = (replace(run.models[0], error="weights not found"), run.models[1])
    text = as_text(Summary(replace(run, models=models, status="partial")))
    assert f"{BASE}: weights not found" in text
    assert "interrupted" in text


def test_examples_show_every_way_of_failing_before_any_twice(run: RunRecord) -> None:
    found = chosen(pairs(run).cases, 5)
    assert len(found) == 5
    assert [c.change for c in found] == [Change.STILL_FAILING] + [Change.FIXED] * 4
    assert len(chosen(pairs(run).cases, 1_000)) == 60


def test_before_and_after_are_counted_and_shown(run: RunRecord) -> None:
    text = as_text(BeforeAfter(pairs(run)), width=100)
    assert re.match(r"json_extraction  format_success_rate 8\.3% \(.*\) -> 9\d\.\d% \(", text)
    assert "still passing" in text
    assert text.count("prompt  … ") == 5
    assert ">>```json<<" in text
    assert "Extract fields" not in text, "what all prompts share is said once, in the task"


def test_the_mark_is_a_color_where_there_is_one(run: RunRecord) -> None:
    assert ">>```json<<" not in as_text(BeforeAfter(pairs(run)), color=True)


def test_hostile_text_is_shown_and_not_obeyed() -> None:
    value = values(1)[0]
    old = with_text(
        sample(BASE, 1, value, good(value), prompt=HOSTILE),
        HOSTILE,
        json_validity=Verdict.failed(FailureCode.SYNTAX, HOSTILE, (3, 9)),
    )
    new = sample(ADAPTER, 1, value, good(value), prompt=HOSTILE)
    text = as_text(BeforeAfter(pairs(record_of([(BASE, [old]), (ADAPTER, [new])]))))
    assert "[red]" in text
    assert "«é»" in text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u200b\ud800-\udfff]", text)


def test_an_ascii_terminal_gets_ascii(run: RunRecord) -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    console = Console(file=out, width=100, color_system=None, legacy_windows=False)
    value = values(1)[0]
    old = with_text(
        sample(BASE, 1, value, good(value)),
        "Jürgen\n" * 80,
        json_validity=Verdict.failed(FailureCode.SYNTAX, "é", (3, 9)),
    )
    console.print(Summary(run))
    console.print(
        BeforeAfter(
            pairs(record_of([(BASE, [old]), (ADAPTER, [sample(ADAPTER, 1, value, good(value))])]))
        )
    )
    assert rb"J\xfcr>>gen" in raw.getvalue()


def test_huge_text_is_cut_around_its_failure() -> None:
    value = values(1)[0]
    text = "x" * 1_000_000 + "!" + "y" * 1_000_000
    old = with_text(
        sample(BASE, 1, value, good(value)),
        text,
        json_validity=Verdict.failed(FailureCode.SYNTAX, "", (1_000_000, 1_000_001)),
    )
    new = sample(ADAPTER, 1, value, good(value))
    shown = as_text(BeforeAfter(pairs(record_of([(BASE, [old]), (ADAPTER, [new])]))))
    assert len(shown) < 1_500
    assert ">>!<<" in shown
    assert "more characters" in shown
