"""Which models a report sets side by side."""

from dataclasses import replace

import pytest

from harness.core.errors import HarnessError
from harness.report.report import Report, report_on
from tests.synthetic import ADAPTER, BASE, BEHAVES, CHATTERS, record

THIRD = "gguf:m.gguf"


def pair(report: Report) -> tuple[str, ...]:
    return tuple(f"{side.record.id}/{side.model}" for side in report.pair)


def test_a_model_alone_has_nothing_before_it() -> None:
    report = report_on(record(2, [(BASE, CHATTERS)], run_id="a"))
    assert pair(report) == (f"a/{BASE}",)
    assert report.comparisons == ()


def test_of_one_run_the_first_model_is_before_and_the_last_after() -> None:
    run = record(2, [(BASE, CHATTERS), (THIRD, CHATTERS), (ADAPTER, BEHAVES)], run_id="a")
    assert pair(report_on(run)) == (f"a/{BASE}", f"a/{ADAPTER}")
    assert pair(report_on(run, after=THIRD)) == (f"a/{BASE}", f"a/{THIRD}")
    assert pair(report_on(run, before="m.gguf")) == (f"a/{THIRD}", f"a/{ADAPTER}")
    assert len(report_on(run).sides) == 3


def test_of_two_runs_each_one_s_last_model() -> None:
    report = report_on(record(2, run_id="a"), record(2, run_id="b"))
    assert pair(report) == (f"a/{ADAPTER}", f"b/{ADAPTER}")
    assert report.name == "a..b"


def test_a_name_that_says_nothing_or_too_much_is_refused() -> None:
    run = record(1)
    with pytest.raises(HarnessError, match=r"model 'x' is not in run .*, name one of: base:"):
        report_on(run, after="x")
    twins = replace(run, models=tuple(replace(m, name="same") for m in run.models))
    with pytest.raises(HarnessError, match="is ambiguous in run"):
        report_on(twins, before="same")
