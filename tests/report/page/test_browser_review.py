"""A person's review on the page: marked, kept in the address, exported and loaded again."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest

from harness.core.record import RunRecord
from harness.core.review import ReviewedAnswer, ReviewerVerdict
from harness.report.html import render
from harness.report.report import report_on
from tests.needs import BROWSER, missing
from tests.report import axe
from tests.report.chromium import Page
from tests.report.test_html import HOSTILE, hostile_record
from tests.synthetic import ADAPTER, BASE, TASK, record

pytestmark = pytest.mark.slow

SAID = "document.querySelector('.review-bar .said').textContent"
OPEN = "document.querySelector('.bucket').open = true; null"
SAVED = "new Promise((done) => setTimeout(done, 450))"
WRITE = """((box, text) => {
  box.closest('details').open = true;
  box.value = text;
  box.dispatchEvent(new Event('input', { bubbles: true }));
})(document.querySelector('.case .review %s'), %s)"""
CATCH = """URL.createObjectURL = (blob) => { window.exported = blob; return 'blob:x'; };
HTMLAnchorElement.prototype.click = function () { window.named = this.download; }; null"""
LOAD = """(async (text) => {
  const input = document.querySelector('.review-bar input');
  const files = new DataTransfer();
  files.items.add(new File([text], 'review.jsonl'));
  input.files = files.files;
  input.dispatchEvent(new Event('change'));
  await new Promise((done) => setTimeout(done, 150));
})(%s)"""


def written(run: RunRecord, folder: Path, *review: ReviewedAnswer) -> Path:
    path = folder / "page.html"
    path.write_text(render(replace(report_on(run), review=review)), encoding="utf-8")
    return path


def begun(tab: Page, path: Path, address: str = "") -> None:
    tab.open(path, address)
    tab.evaluate("for (const box of document.querySelectorAll('.bucket')) box.open = true; null")
    tab.evaluate(SAVED)


def exported(tab: Page) -> list[dict[str, Any]]:
    tab.evaluate(CATCH)
    tab.evaluate("document.querySelector('.review-bar .save').click()")
    return [json.loads(line) for line in tab.evaluate("window.exported.text()").splitlines()]


def test_a_review_is_in_the_address_and_in_a_file(tab: Page, tmp_path: Path) -> None:
    path = written(record(60), tmp_path)
    begun(tab, path)
    note = "a_b * c ~ <img src=x onerror=alert(1)>\n\u202eé"
    tab.click(".case .judge .wrong")
    tab.click(".case .judge:nth-of-type(3) .right")
    tab.click(".case .star")
    tab.evaluate(WRITE % ("textarea", json.dumps(note)))
    tab.evaluate(WRITE % ("input", json.dumps("amount, euro,, amount")))
    tab.evaluate(SAVED)
    assert tab.evaluate("document.querySelectorAll('.case [aria-pressed=true]').length") == 3
    said = "2 answers reviewed: 2 as the checks say; 1 must pass; 1 with a note or tags."
    assert tab.evaluate(SAID) == said
    address = tab.evaluate("location.hash")
    assert len(parse_qs(address[1:])["review"][0]) < 100
    lines = exported(tab)
    assert tab.evaluate(SAID).endswith(
        ".jsonl is read by harness task promote, mine and report, after --review."
    )
    assert [(x["model"], x["verdict"], x["checks"]) for x in lines] == [
        (BASE, "wrong", "wrong"),
        (ADAPTER, "right", "right"),
    ]
    assert (lines[0]["note"], lines[0]["tags"], lines[0]["must_pass"]) == (
        note,
        ["amount", "euro"],
        True,
    )
    assert tab.evaluate("window.named") == f"review-{record(1).id}.jsonl"
    begun(tab, path, address)
    assert (tab.evaluate(SAID), exported(tab)) == (said, lines)
    begun(tab, path)
    tab.evaluate(LOAD % json.dumps("".join(f"{json.dumps(x)}\n" for x in lines) + "{\n[]\n"))
    assert tab.evaluate(SAID) == f"{said} 2 lines of no answer on this page were left out."
    assert exported(tab) == lines
    assert tab.evaluate("location.hash") == address
    half = {**lines[0], "note": "\ud800", "tags": ["\udfff", {"a": 1}, None], "case": "pay-0005"}
    tab.evaluate(LOAD % json.dumps(json.dumps(half)))
    assert tab.evaluate(SAID).startswith("3 answers reviewed")
    assert (tab.problems, tab.requests, tab.dialogs) == ([], [], [])


def test_the_filter_and_going_back_keep_the_review(tab: Page, tmp_path: Path) -> None:
    begun(tab, written(record(60), tmp_path))
    tab.click(".case .judge .right")
    tab.evaluate(SAVED)
    tab.evaluate("location.hash = '#task=json_extraction&case=pay-0003'; null")
    tab.evaluate(SAVED)
    tab.evaluate("history.back()")
    tab.evaluate(SAVED)
    for wanted, shown in (("any", 1), ("against", 1), ("none", 59), ("star", 0)):
        tab.evaluate(
            f"((form) => {{ form.elements.reviewed.value = '{wanted}'; "
            "form.dispatchEvent(new Event('input', { bubbles: true })); })"
            "(document.querySelector('.filter'))"
        )
        said = tab.evaluate("document.querySelector('.filter .count').textContent")
        assert said == f"{shown} of 60 cases"
    assert "review=" in tab.evaluate("location.hash")
    assert tab.evaluate(SAID).startswith("1 answer reviewed: 1 fails and is right")


def test_a_review_too_long_for_an_address_is_said_and_exported(tab: Page, tmp_path: Path) -> None:
    run = record(60)
    review = [
        ReviewedAnswer(run.id, BASE, TASK, s.case_id, 0, "wrong", note="n" * 900)
        for s in run.samples[:12]
    ]
    begun(tab, written(run, tmp_path, *review))
    assert "It is too long for an address: export it, or it is lost" in tab.evaluate(SAID)
    assert "review=" not in tab.evaluate("location.hash")
    assert len(exported(tab)) == 12


def test_a_case_whose_prompt_changed_keeps_both_verdicts(tab: Page, tmp_path: Path) -> None:
    """It stands on the page twice, once for each prompt."""
    run = record(6)
    samples = tuple(
        replace(s, prompt_sha256="0" * 64) if s.model == ADAPTER else s for s in run.samples
    )
    review = [
        ReviewedAnswer(run.id, model, TASK, run.samples[0].case_id, 0, verdict)
        for model, verdict in ((BASE, "wrong"), (ADAPTER, "right"))
    ]
    begun(tab, written(replace(run, samples=samples), tmp_path, *review))
    assert tab.evaluate(SAID).startswith("2 answers reviewed")
    assert {(x["model"], x["verdict"]) for x in exported(tab)} == {
        (BASE, "wrong"),
        (ADAPTER, "right"),
    }


@pytest.mark.parametrize("text", ["1*0*0_0_0w", "1", "*" * 4000, "1*%FF_", *HOSTILE[:4]])
def test_a_strangers_address_harms_nothing(text: str, tab: Page, tmp_path: Path) -> None:
    path = written(hostile_record(HOSTILE[0]), tmp_path)
    tab.open(path, f"#{urlencode({'review': text})}")
    assert tab.evaluate(SAID).endswith(
        "The review in the address is of other runs, and was left out."
    )
    assert (tab.problems, tab.dialogs) == ([], [])


def test_fields_of_a_strangers_review_are_cut_and_shown_as_text(tab: Page, tmp_path: Path) -> None:
    path = written(record(12), tmp_path)
    begun(tab, path)
    tab.click(".case .star")
    tab.evaluate(SAVED)
    version, cases, _ = parse_qs(tab.evaluate("location.hash")[1:])["review"][0].split("*")
    tags = "_".join(f"t{i}<b>" + "x" * 99 for i in range(50))
    entries = [f"0_0_99r0w1x_{'n' * 5000}_{tags}", "zz_zz_0w", "__proto___0_0w", "0_-1_0w", "0_1_s"]
    begun(tab, path, "#review=" + "*".join([version, cases, *entries]))
    found = exported(tab)
    assert [x["verdict"] for x in found] == ["wrong", None]
    assert (len(found[0]["note"]), len(found[0]["tags"]), len(found[0]["tags"][0])) == (1000, 8, 40)
    assert (tab.problems, tab.dialogs) == ([], [])


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_objects_to_nothing_of_a_review(
    tab: Page, tmp_path: Path, scheme: str, width: int, request: pytest.FixtureRequest
) -> None:
    script = axe.source(request.config.cache.mkdir("axe-core"))
    if script is None:
        missing(f"npm is missing, or did not bring axe-core {axe.VERSION}", BROWSER)
    run = record(12)
    marks: tuple[tuple[str, ReviewerVerdict], ...] = ((BASE, "wrong"), (ADAPTER, "right"))
    review = [
        ReviewedAnswer(run.id, model, TASK, s.case_id, 0, verdict, True, ("a",), "n")
        for s in run.samples[:6]
        for model, verdict in marks
    ]
    tab.resize(width, 900)
    tab.prefer(scheme)
    begun(tab, written(run, tmp_path, *review))
    assert tab.evaluate("document.querySelectorAll('.case [aria-pressed=true]').length") >= 18
    assert [str(v) for v in axe.violations(tab, script)] == []
