"""The second headline: the share of right answers."""

import json
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from harness.core.record import FORMAT_SUCCESS
from harness.report import json as json_format
from harness.report import terminal
from harness.report.report import Report, report_on
from harness.report.words.right_answers import RIGHT_ANSWERS, order_of, statement
from tests.report.right_and_wrong import right_and_wrong
from tests.synthetic import BASE, TASK, record


@pytest.fixture(scope="module")
def report() -> Report:
    return report_on(right_and_wrong())


def test_it_says_both_rates(report: Report) -> None:
    """Of five cases with a reference, three are right before and two after."""
    assert statement(report, TASK) == (
        "Right answers (exact_fields) fell from 60.0% to 40.0% (-20.0 points)."
    )


def test_of_one_model_it_says_the_rate() -> None:
    said = statement(report_on(right_and_wrong(models=(BASE,))), TASK)
    assert said.startswith("Right answers (exact_fields) is 60.0% of 5 cases (95% interval 14.7 to")


def test_without_references_it_says_nothing() -> None:
    assert statement(report_on(record(6)), TASK) == ""
    run = right_and_wrong()
    unjudged = [replace(r, rate=None) if r.behavior == RIGHT_ANSWERS else r for r in run.results]
    assert statement(report_on(replace(run, results=tuple(unjudged))), TASK) == ""


def test_it_stands_second() -> None:
    assert sorted(["b", RIGHT_ANSWERS, "a", FORMAT_SUCCESS], key=order_of) == [
        FORMAT_SUCCESS,
        RIGHT_ANSWERS,
        "b",
        "a",
    ]


def test_the_terminal_has_it_second_and_in_the_line_of_changes(report: Report) -> None:
    console = Console(width=80, record=True, file=StringIO())
    console.print(terminal.whole(report))
    lines = console.export_text().splitlines()
    table = lines[next(i for i, line in enumerate(lines) if "95% interval" in line) :]
    firsts = [line.split()[0] for line in table if line.startswith("  ") and line.strip()]
    assert firsts[1:3] == [FORMAT_SUCCESS, RIGHT_ANSWERS], "after the heading"
    [line] = [line for line in lines if line.startswith("right answers (exact_fields) ")]
    assert " 60.0% (" in line
    assert "-> 40.0% (" in line


def test_json_has_both_headlines(report: Report) -> None:
    [found] = json.loads(json_format.render(report))["headlines"]
    assert found["right_answers"] == {"before": 0.6, "after": 0.4}
    assert found["format_success_rate"] == {"before": pytest.approx(1 / 3), "after": 1.0}
    alone = json.loads(json_format.render(report_on(record(4))))
    assert alone["headlines"][0]["right_answers"] == {"before": None, "after": None}
