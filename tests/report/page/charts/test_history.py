"""A behavior over the stored runs."""

from dataclasses import replace
from xml.etree import ElementTree

from harness.core.record import FORMAT_SUCCESS, RunRecord
from harness.report.html import render
from harness.report.page.charts.history import histories_of
from harness.report.report import report_on
from tests.synthetic import BASE, BEHAVES, CHATTERS, TASK, record


def stored(day: int, *, cases: int = 20, adapter: str = "adapter:out/x") -> RunRecord:
    made = record(
        cases,
        [(BASE, CHATTERS), (adapter, BEHAVES)],
        run_id=f"202611{day:02}-000000-aaaa",
        seed=day,
    )
    return replace(made, created=f"2026-11-{day:02}T00:00:00Z")


def test_runs_of_one_kind_are_one_line_whatever_they_are_called() -> None:
    history = (stored(3, adapter="adapter:out/b"), stored(1), stored(9))
    report = replace(report_on(stored(5)), history=history)
    first, *others = histories_of(report, TASK)
    assert (first.behavior, first.runs) == (FORMAT_SUCCESS, 3), "a later run is no history"
    assert first.kinds == (("base", "before"), ("adapter", "after"))
    assert len(others) == 4
    root = ElementTree.fromstring(first.chart)
    titles = [n.text or "" for n in root.iter("title")]
    assert [t.partition(":")[0] for t in titles][3:] == [
        "20261101-000000-aaaa",
        "20261103-000000-aaaa",
        "20261105-000000-aaaa",
    ]
    assert "adapter:out/b" in titles[4]
    ticks = [n.text for n in root.iter("text")]
    assert {"11-01 00:00", "11-05 00:00", "runs, oldest first (UTC)"} <= set(ticks)
    assert "format_success_rate over 3 runs; base: " in first.chart


def test_other_cases_are_said() -> None:
    report = replace(report_on(stored(5)), history=(stored(1, cases=10),))
    first = histories_of(report, TASK)[0]
    assert first.has_other_cases
    assert first.chart.count("unlike") == 4, "the dot and the interval of both kinds"
    assert "faint: other cases" in render(report)


def test_a_run_of_other_selected_cases_is_on_no_line() -> None:
    part = stored(3)
    task = replace(part.tasks[0], selected=True)
    part = replace(part, tasks=(task,), plan_fingerprint="of --limit")
    assert histories_of(replace(report_on(stored(5)), history=(part,)), TASK) == ()
    first = histories_of(replace(report_on(stored(5)), history=(part, stored(1))), TASK)[0]
    assert (first.runs, part.id in first.chart) == (2, False)
    again = replace(stored(7), tasks=(task,), plan_fingerprint="of --limit")
    assert histories_of(replace(report_on(again), history=(part, stored(1))), TASK)[0].runs == 2


def test_one_run_has_no_history() -> None:
    partial = replace(stored(1), status="partial")
    elsewhere = replace(stored(1), results=())
    for history in ((), (partial,), (elsewhere,), (stored(9),)):
        assert histories_of(replace(report_on(stored(5)), history=history), TASK) == ()
