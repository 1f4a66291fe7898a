"""The page's title names models, date and commit."""

from dataclasses import replace

from harness.report.page.title import title_of
from harness.report.report import report_on
from tests.synthetic import BASE, BEHAVES, CHATTERS, record


def test_it_names_the_pair_the_day_and_the_commit_with_a_plus_for_changed_files() -> None:
    title = title_of(report_on(record(2)))
    assert title == "json_extraction: tiny → json_extraction, 2026-11-20, commit aaaaaaaaa+"


def test_of_two_runs_it_names_both_days_and_one_commit_once() -> None:
    before = replace(record(2, [(BASE, CHATTERS)], run_id="a"), created="2026-11-18T08:00:00Z")
    after = record(2, [(BASE, BEHAVES)], run_id="b")
    assert title_of(report_on(before, after)) == (
        "json_extraction: tiny → tiny, 2026-11-18 and 2026-11-20, commit aaaaaaaaa+"
    )


def test_it_leaves_out_what_no_run_recorded_and_counts_further_models() -> None:
    models = [(BASE, CHATTERS), ("gguf:m.gguf", BEHAVES), ("gguf:n.gguf", BEHAVES)]
    for environment in ({}, {"git": None}, {"git": {"commit": None}}):
        run = replace(record(2, models), environment=environment, created="", tasks=())
        assert title_of(report_on(run)) == "no task: tiny → n.gguf and 1 more"
