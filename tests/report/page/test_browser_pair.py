"""Charts and slices of a chosen pair, against those of a page that was made for that pair."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.record import RunRecord
from harness.gate.policy import GatePolicy
from harness.report.html import render
from harness.report.report import report_on
from tests.report.chromium import Page
from tests.report.page.charts.test_distributions import timed
from tests.report.page.test_browser_models import MODELS, choose
from tests.synthetic import record

pytestmark = pytest.mark.slow

PLOTS = r"""[...document.querySelectorAll('.plots figure')].map((figure) => {
  const all = (selector, read) => [...figure.querySelectorAll(selector)].map(read);
  const of = (node, ...names) => names.map((name) => node.getAttribute(name));
  return {
    lines: all('svg > svg > polyline', (n) => of(n, 'class', 'points')),
    axis: figure.querySelector('svg > svg').viewBox.baseVal.width,
    dots: all('svg > circle', (n) => [...of(n, 'class', 'cx'), Number(of(n, 'cy')), n.textContent]),
    ticks: all('text.tick', (n) => [...of(n, 'x', 'y', 'text-anchor'), n.textContent]),
    described: figure.querySelector('svg').getAttribute('aria-label'),
    beyond: figure.querySelector('.beyond').textContent.trim(),
    rows: all('tbody tr', (n) => n.innerText.replace(/\s+/g, ' ')),
    keys: all('tbody .key', (n) => n.className),
    isSeen: figure.querySelector('.plotted').checkVisibility(),
  };
})"""
SLICES = """(() => {
  const box = document.querySelector('details.prefix[id$=slices]');
  const row = (n) => [n.className, ...[...n.cells].map((cell) => cell.textContent.trim())];
  const rows = [...box.querySelectorAll('tbody tr')].map(row);
  return [box.checkVisibility(), rows, box.querySelector('.left').textContent];
})()"""


def run_of(cases: int = 200) -> RunRecord:
    """Four models of different speeds, one of which has an outlier."""
    rng = random.Random(4)
    times = {
        ref: [rng.lognormvariate(place - 2, 0.4) for _ in range(40)]
        for place, (ref, _) in enumerate(MODELS)
    }
    times[MODELS[2][0]][7] = 900.0
    return timed(record(cases, MODELS), times)


def page(run: RunRecord, path: Path, **pair: str) -> Path:
    path.write_text(render(report_on(run, policy=GatePolicy(), **pair)), encoding="utf-8")
    return path


@pytest.mark.parametrize(("before", "after"), [(3, 2), (1, 0), (2, 1)])
def test_charts_and_slices_follow_the_chosen_pair(
    tab: Page, tmp_path: Path, before: int, after: int
) -> None:
    run = run_of()
    first = page(run, tmp_path / "first.html")
    tab.open(first)
    opened = tab.evaluate(PLOTS), tab.evaluate(SLICES)
    choose(tab, "before", before)
    choose(tab, "after", after)
    chosen = tab.evaluate(PLOTS), tab.evaluate(SLICES)
    assert chosen != opened
    choose(tab, "before", 0)
    choose(tab, "after", 3)
    assert (tab.evaluate(PLOTS), tab.evaluate(SLICES)) == opened

    names = {"before": MODELS[before][0], "after": MODELS[after][0]}
    tab.open(page(run, tmp_path / "made.html", **names))
    assert (tab.evaluate(PLOTS), tab.evaluate(SLICES)) == chosen
    assert tab.problems == []


def test_the_page_opens_with_what_was_drawn_without_scripts(tab: Page, tmp_path: Path) -> None:
    """The script draws every chart anew as it starts: nothing may move."""
    path = page(run_of(), tmp_path / "page.html")
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    tab.open(path)
    written = tab.evaluate(PLOTS), tab.evaluate(SLICES)
    tab.call("Emulation.setScriptExecutionDisabled", value=False)
    tab.open(path)
    assert (tab.evaluate(PLOTS), tab.evaluate(SLICES)) == written


def test_a_slice_of_a_chosen_pair_asks_for_its_cases(tab: Page, tmp_path: Path) -> None:
    tab.open(page(run_of(), tmp_path / "page.html"))
    choose(tab, "before", 2)
    button = "document.querySelector('details.prefix[id$=slices] button.ask[data-tag]')"
    tag = tab.evaluate(f"{button}.dataset.tag")
    tab.evaluate(f"{button}.click()")
    assert tab.evaluate("document.querySelector('.filter').elements.tag.value") == tag
    assert "of 200 cases" in tab.evaluate("document.querySelector('.filter .count').textContent")
    assert tab.problems == []


def test_a_pair_that_was_not_measured_or_judged_shows_nothing_of_another(
    tab: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.report.page.matrix.MAX_PAIRED", 0)
    run = run_of()
    kept = {MODELS[0][0], MODELS[3][0]}
    run = replace(run, timed=tuple(t for t in run.timed if t.model in kept))
    tab.open(page(run, tmp_path / "page.html"))
    assert [p["isSeen"] for p in tab.evaluate(PLOTS)] == [True, True]
    assert tab.evaluate(SLICES)[0] is True
    choose(tab, "before", 1)
    choose(tab, "after", 2)
    assert [p["isSeen"] for p in tab.evaluate(PLOTS)] == [False, True]
    assert tab.evaluate(SLICES)[0] is False
    choose(tab, "before", 0)
    assert [p["isSeen"] for p in tab.evaluate(PLOTS)] == [True, True]
    assert tab.problems == []
