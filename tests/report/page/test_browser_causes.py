"""The buttons of the causes show the cases that they count; the address remembers it."""

from pathlib import Path

import pytest

from harness.gate.policy import GatePolicy
from harness.report.html import render
from harness.report.report import report_on
from tests.report.chromium import Page
from tests.report.page.test_browser_models import MODELS, choose
from tests.synthetic import ADAPTER, BASE, record

pytestmark = pytest.mark.slow

COUNT = "document.querySelector('.filter .count').textContent"
CAUSES = """[...document.querySelectorAll('.causes button')].map((button) => {
  button.click();
  const shown = document.querySelector('.filter .count').textContent;
  return [button.querySelector('b').textContent, shown];
})"""
FIELD = "document.querySelector('.filter [name=cause]').closest('label').checkVisibility()"


def lost(folder: Path, cases: int = 120) -> Path:
    """The page of a candidate that chatters, after one that behaves."""
    report = report_on(record(cases), before=ADAPTER, after=BASE, policy=GatePolicy())
    path = folder / "page.html"
    path.write_text(render(report), encoding="utf-8")
    return path


def test_each_button_shows_the_cases_it_counts(tab: Page, tmp_path: Path) -> None:
    path = lost(tmp_path)
    tab.open(path)
    shown = tab.evaluate(CAUSES)
    assert len(shown) > 5
    assert all(said == f"{number} of 120 cases" for number, said in shown)
    tab.evaluate("document.querySelectorAll('.causes button')[1].click()")
    address = tab.evaluate("location.hash")
    assert "cause=broke%3A+begin+with+%60%60%60json" in address
    tab.open(path, address)
    assert tab.evaluate(COUNT) == shown[1][1]
    assert tab.evaluate("document.querySelectorAll('.bucket[open]').length") == 1
    assert tab.problems == []


def test_causes_are_those_of_the_first_pair(tab: Page, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(render(report_on(record(60, MODELS), policy=GatePolicy())), encoding="utf-8")
    tab.open(path)
    assert tab.evaluate(FIELD)
    choose(tab, "before", 2)
    assert not tab.evaluate(FIELD)
    tab.evaluate("document.querySelector('.causes button').click()")
    number = tab.evaluate("document.querySelector('.causes button b').textContent")
    assert tab.evaluate(COUNT) == f"{number} of 60 cases"
    assert tab.evaluate(FIELD)
    assert tab.problems == []
