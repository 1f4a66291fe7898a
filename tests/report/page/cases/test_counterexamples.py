"""The smallest failing prompts, in the page and as JSON; and that a hostile one is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.core.record import Counterexample, RunRecord
from harness.core.verdict import FailureCode, Verdict
from harness.records.runs import read_results, read_run, write_run
from harness.report.html import render
from harness.report.json import content
from harness.report.page.cases.counterexamples import effort
from harness.report.report import report_on
from tests.report.hostile import EVERYTHING
from tests.report.test_html import read
from tests.synthetic import BASE, good, record, sample, values, with_text

RUN = "20261120-131502-ab12"


def counterexample(prompt: str = "Echo bee.", text: str = "BEE!") -> Counterexample:
    [value] = values(1)
    found = with_text(
        sample(BASE, 7, value, good(value), prompt=prompt),
        text,
        no_extra_text=Verdict.failed(FailureCode.TEXT_AFTER, "'!' after the word", (3, 4)),
    )
    return Counterexample("no_extra_text", found, "pay-0003", 4, 31, False)


def with_smallest(*found: Counterexample) -> RunRecord:
    return replace(record(12), counterexamples=found)


def test_the_page_shows_the_prompt_the_answer_and_the_way_there() -> None:
    page = render(report_on(with_smallest(counterexample())))
    assert "Smallest failing prompts" in page
    assert "made from pay-0003 in 4 steps and 31 prompts" in page
    assert "Echo bee.</pre>" in page
    assert 'BEE<mark class="m" title="no_extra_text: text_after' in page
    assert '<span class="verdict bad">fails</span>' in page.partition("Smallest failing prompts")[2]
    assert f"<code>harness task promote {RUN} pay-0007</code>" in page
    assert "Smallest failing prompts" not in render(report_on(record(2)))


def test_how_it_was_found_in_words() -> None:
    found = counterexample()
    assert effort(replace(found, is_bounded=True, steps=1)) == (
        "made from pay-0003 in 1 step and 31 prompts; "
        "stopped by its bounds: there may be a smaller one"
    )
    assert effort(replace(found, drawn_from="pay-0007")) == (
        "as it was drawn: none of 31 smaller prompts fails"
    )


def test_json_holds_its_texts() -> None:
    [run] = content(report_on(with_smallest(counterexample())))["runs"]  # type: ignore[misc]
    [found] = run["counterexamples"]  # type: ignore[index,call-overload]
    assert json.loads(json.dumps(found)) == {
        "behavior": "no_extra_text",
        "model": BASE,
        "task": "json_extraction",
        "case_id": "pay-0007",
        "drawn_from": "pay-0003",
        "steps": 4,
        "requests": 31,
        "is_bounded": False,
        "messages": [{"role": "user", "content": "Echo bee."}],
        "completion": "BEE!",
        "code": "text_after",
        "reason": "'!' after the word",
    }


def test_hostile_ones_stay_text() -> None:
    page = render(report_on(with_smallest(counterexample(EVERYTHING, f"BEE!{EVERYTHING}"))))
    read(page)


def test_a_place_outside_of_its_answer_is_refused(tmp_path: Path) -> None:
    found = counterexample()
    bad = replace(found, sample=with_text(found.sample, "BE"))
    write_run(with_smallest(found, bad), tmp_path)
    for reader in (read_run, read_results):
        with pytest.raises(HarnessError, match=r"run\.json:\d+: counterexamples: verdicts\."):
            reader(tmp_path / RUN)
    write_run(with_smallest(found), tmp_path)
    assert read_run(tmp_path / RUN).counterexamples == (found,)
