"""Markdown for summaries and comments: small enough, and inert whatever a model wrote."""

import re
from dataclasses import replace

import pytest

from harness.core.record import RunRecord, Sample
from harness.gate.policy import GatePolicy
from harness.report import html, json
from harness.report.markdown import COMMENT_CHARACTERS, MAX_CASES, comment, render
from harness.report.report import Report, report_on
from harness.report.words.escaping import markdown
from tests.gating import pair
from tests.report.hostile import EVERYTHING, HOSTILE
from tests.synthetic import record, with_text

ALLOWED = {"details", "/details", "summary", "/summary", "pre", "/pre"}


def report(**flips: int) -> Report:
    return report_on(*pair(300, **flips), policy=GatePolicy())


def hostile(run: RunRecord, text: str) -> RunRecord:
    """The run with a text wherever a model, a check or a task's author wrote one."""

    def owned(sample: Sample) -> Sample:
        reasons = {n: replace(v, reason=text, span=None) for n, v in sample.verdicts.items()}
        found = with_text(sample, text, **reasons)
        messages = tuple(replace(m, content=text) for m in sample.messages)
        return replace(found, case_id=f"{sample.case_id} {text}", messages=messages)

    return replace(run, samples=tuple(map(owned, run.samples)))


def test_the_sentence_then_the_table_then_what_broke() -> None:
    text = render(report(broke=14, fixed=4, failing=7))
    assert text.startswith("## ❌ REGRESSION: format_success_rate fell from 96.3% to 93.0% ")
    assert "| **format_success_rate** | 96.3% | 93.0% | -3.3 | -6.4 to -0.6 | 14 | 4 |" in text
    assert text.count("<details>") == 15
    assert "**14 broke**\n\n- 14 do not parse, as pay-00" in text
    assert "**7 still fail**" in text
    assert text.index("**14 broke**") < text.index("- The smallest drop")
    assert "No case flipped: schema_types." in text
    assert text.index("## ") < text.index("| behavior |") < text.index("### What broke")


def test_at_most_twenty_cases_and_how_many_are_left() -> None:
    text = render(report(broke=60))
    assert text.count("<summary>json_extraction") == MAX_CASES
    assert "…and 40 more cases broke: see the report's page." in text


def test_a_comment_fits() -> None:
    before, after = pair(300, broke=60)
    long = "<" * 20_000
    found = report_on(hostile(before, long), hostile(after, long), policy=GatePolicy())
    assert len(comment(found)) <= COMMENT_CHARACTERS
    assert len(render(found).encode()) < 1 << 20


def test_ten_megabytes_of_text_are_cut() -> None:
    before, after = pair(30, broke=20)
    after = replace(after, samples=tuple(with_text(s, "<&" * 5_000_000) for s in after.samples))
    text = comment(report_on(before, after, policy=GatePolicy()))
    assert len(text) <= COMMENT_CHARACTERS
    assert "9,999,400 more characters" in text


def test_a_refusal_and_a_single_run() -> None:
    before, after = pair(30)
    refused = report_on(before, replace(after, status="partial"), policy=GatePolicy())
    assert render(refused).startswith("## ⛔ NOT COMPARABLE: the run after")
    alone = render(report_on(record(12)))
    assert alone.startswith("## Run 20261120-131502-ab12")
    assert "| json_extraction | base:models/tiny | json_validity |" in alone


@pytest.mark.parametrize("text", [*HOSTILE, EVERYTHING])
def test_nothing_a_model_wrote_is_obeyed(text: str) -> None:
    before, after = pair(30, broke=20)
    found = report_on(hostile(before, text), hostile(after, text), policy=GatePolicy())
    for rendered in (render(found), comment(found)):
        rendered.encode("utf-8")
        tags = set(re.findall(r"<([/!?a-zA-Z][^>\s]*)", rendered))
        assert tags <= ALLOWED
        outside = re.sub(r"<pre>.*?</pre>", "", rendered)
        assert "](" not in outside
        assert "`" not in outside
        assert not re.search(r"@\w", outside)
        assert not re.search(r"(?i)www\.|https?://|gh-\d", outside)
        assert not any(line.lstrip().startswith("::") for line in rendered.splitlines())
        assert not re.search(
            "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff]", rendered
        )
        rows = [line for line in outside.splitlines() if line.startswith("| ")]
        assert {row.count("|") for row in rows} <= {8, 3, 4}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("format_success_rate", "format_success_rate"),
        ("__init__", "&#95;&#95;init&#95;&#95;"),
        ("a|b", "a&#124;b"),
        ("https://x.y", "https&#58;//x.y"),
        ("www.x.y", "www&#46;x.y"),
        ("96.3% (-3.3 points)", "96.3% (-3.3 points)"),
    ],
)
def test_only_syntax_is_written_as_references(text: str, shown: str) -> None:
    assert markdown(text) == shown


def test_a_latency_budget_newly_missed_is_a_line_of_its_own_in_every_format() -> None:
    before, after = pair(300)
    slower = tuple(
        replace(r, met=False, measured={"p95_seconds": 2.4})
        if r.behavior == "latency_budget"
        else r
        for r in after.results
    )
    found = report_on(before, replace(after, results=slower), policy=GatePolicy())
    line = (
        "MISSED: latency_budget p95 was 0.61 s and is 2.4 s, at most 2 s. This is no regression by "
        "itself: latency was not measured case by case on both sides."
    )
    assert f"\n- **{markdown(line)}**\n" in render(found)
    assert f'<p class="alert">{line}</p>' in html.render(found)
    assert line in json.decided(found.decision)["explanation"]
    (lost,) = json.decided(found.decision)["tasks"][0]["values_over_budget"]
    assert (lost["name"], lost["before"], lost["after"]) == ("p95_seconds", 0.61, 2.4)
