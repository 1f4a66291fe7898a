"""The causes under the page's verdict, each with the cases that its button shows."""

from dataclasses import replace

from harness.core.verdict import FailureCode, Verdict
from harness.gate.policy import GatePolicy
from harness.report.html import render
from harness.report.page.cases.answers import cases_of
from harness.report.page.causes_view import MAX_SHOWN, cause_lists
from harness.report.report import Report, report_on
from tests.gating import pair, with_verdicts
from tests.synthetic import ADAPTER, BASE, CHATTERS, TASK, record, with_text


def lost() -> Report:
    """A candidate that chatters, after one that behaves."""
    return report_on(record(60), before=ADAPTER, after=BASE, policy=GatePolicy())


def test_what_broke_comes_first_and_each_cause_knows_its_cases() -> None:
    report = lost()
    cases = cases_of(report, TASK, 1_000)
    broke, still = cause_lists(report, TASK, cases)
    assert (broke.is_quiet, still.is_quiet) == (False, True)
    shown = {place for cause in broke.causes for place in cause.places}
    assert broke.heading == f"{len(shown)} broke"
    assert {cases[place].state for place in shown} == {"regressed"}
    first = broke.causes[1]
    assert (first.said, first.count) == ("begin with ```json", len(first.places))
    assert first.key == "broke: begin with ```json"
    assert first.case_id in {cases[place].case_id for place in first.places}
    assert first.example.startswith("```json")
    assert len(broke.causes) <= MAX_SHOWN


def test_the_page_says_them_without_scripts() -> None:
    text = render(lost())
    hero = text.partition('class="causes"')[2].partition("</ul>")[0]
    assert hero.startswith('>\n  <p class="broke">')
    assert 'data-cause="broke: begin with ```json"' in hero
    assert "<code>```json<i" in hero
    assert text.index('class="causes"') < text.index('class="lead"')


def test_one_model_has_what_fails_and_right_answers_have_lists_of_their_own() -> None:
    report = report_on(record(60, [(BASE, CHATTERS)]))
    [failing] = cause_lists(report, TASK, cases_of(report, TASK, 1_000))
    assert failing.heading.endswith(" fail")
    before, after = pair(30)
    wrong = Verdict.failed(FailureCode.WRONG_VALUE, "", (0, 1), path="/amount")
    passed = Verdict.passed()
    before = with_verdicts(before, "exact_fields", [passed] * 29 + [wrong])
    after = with_verdicts(after, "exact_fields", [wrong] + [passed] * 28 + [wrong])
    report = report_on(before, after, policy=GatePolicy())
    broke, still = cause_lists(report, TASK, cases_of(report, TASK, 1_000))
    assert (broke.heading, still.heading) == (
        "exact_fields: 1 broke",
        "exact_fields: 1 still fails",
    )
    assert broke.causes[0].behavior == "exact_fields"
    assert broke.causes[0].key == "exact_fields, broke: has a wrong value at /amount"


def test_hostile_text_is_text() -> None:
    before, after = pair(30, broke=3)
    hostile = '</script><img src=x onerror=alert(1)>\u202e\ud800\x00"'
    failed = Verdict.failed(FailureCode.SPECIAL_TOKEN, "", (0, 40), path=hostile)
    after = with_verdicts(after, "json_validity", [failed] * 3 + [Verdict.passed()] * 27)
    samples = tuple(with_text(s, hostile + "x" * 40, **s.verdicts) for s in after.samples)
    page = render(report_on(before, replace(after, samples=samples), policy=GatePolicy()))
    assert "<img" not in page
    page.encode()
