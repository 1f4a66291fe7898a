"""Several models in a real browser: any two are set side by side, every cell asks for its cases."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.record import FORMAT_SUCCESS, Counterexample, RunRecord
from harness.core.verdict import FailureCode, Verdict
from harness.gate.policy import GatePolicy
from harness.model_files.training_record import Training
from harness.report.html import render
from harness.report.report import report_on
from tests.report.chromium import Page
from tests.report.page.test_browser import COUNT, SETTLED, TALLIES, written
from tests.report.test_html import HOSTILE, hostile_record
from tests.synthetic import ADAPTER, BASE, BEHAVES, CHATTERS, Mix, chatty, good, record

pytestmark = pytest.mark.slow

MODELS: tuple[tuple[str, Mix], ...] = (
    (BASE, CHATTERS),
    ("gguf:out/a-rather-long-model-name-that-somebody-gave-it-q4_k_m-2026.gguf", BEHAVES),
    ("adapter:out/one", [(good, 0.6), (chatty, 0.4)]),
    (ADAPTER, BEHAVES),
)
PAIR = "[...document.querySelectorAll('form.pair select')].map((s) => s.value).join('-')"
INTERVALS = """[...document.querySelectorAll('table.behaviors .plot svg')].map((chart) => [
  chart.getAttribute('aria-label'),
  ...[...chart.querySelectorAll(':scope > g')].map((line) =>
    [line.getAttribute('class'), line.getAttribute('transform'), line.innerHTML]),
])"""
ROW = "document.querySelector('table.behaviors tr[data-behavior=json_validity]')"


def choose(tab: Page, role: str, place: int) -> None:
    tab.evaluate(
        f"((box) => {{ box.value = '{place}'; "
        "box.dispatchEvent(new Event('change', { bubbles: true })); })"
        f"(document.querySelector('form.pair [name={role}]'))"
    )


def test_a_task_without_a_case_on_the_page_follows_the_pair(tab: Page, tmp_path: Path) -> None:
    run = record(12, MODELS)
    other = tuple(replace(found, task="other") for found in run.results)
    tasks = (*run.tasks, replace(run.tasks[0], name="other"))
    tab.open(written(replace(run, tasks=tasks, results=(*run.results, *other)), tmp_path))
    choose(tab, "before", 2)
    head = "document.querySelector('#task-%d table.behaviors th[data-slot] .name').textContent"
    rate = "document.querySelector('#task-%d table.behaviors .rate').firstChild.data"
    assert [tab.evaluate(head % task) for task in (0, 1)] == ["one", "one"]
    assert tab.evaluate(rate % 1) == tab.evaluate(rate % 0)
    assert tab.problems == []


def rates(tab: Page) -> list[str]:
    found = tab.evaluate(f"[...{ROW}.querySelectorAll('.rate')].map((n) => n.firstChild.data)")
    return list(found)


def test_any_two_of_several_models_are_set_side_by_side(tab: Page, tmp_path: Path) -> None:
    """A page shows of a chosen pair what a page made for that pair shows."""
    run = record(200, MODELS)
    path = tmp_path / "page.html"
    path.write_text(render(report_on(run, policy=GatePolicy())), encoding="utf-8")
    tab.open(path)
    assert tab.evaluate(PAIR) == "0-3"
    first = tab.evaluate(TALLIES), rates(tab), tab.evaluate(f"{ROW}.querySelector('svg').outerHTML")
    choose(tab, "before", 3)
    choose(tab, "after", 2)
    assert tab.evaluate("location.hash") == "#pair=3-2"
    shown = tab.evaluate(TALLIES), rates(tab)
    assert shown[0] != first[0]
    change = tab.evaluate(f"{ROW}.querySelector('.change').innerText").split()
    assert "fell from" in tab.evaluate("document.querySelector('form.pair .other').textContent")
    below = f"[...{ROW}.querySelectorAll('.codes:not([hidden]) .said')].map((n) => n.innerText)"
    assert tab.evaluate(below)[-1].startswith("syntax ")
    assert "one" in tab.evaluate("document.querySelector('th[data-slot=\"1\"] .name').textContent")
    names = "[...document.querySelectorAll('.bucket[open] .answer .name')].map((n) => n.innerText)"
    assert tab.evaluate(names)[:2] == ["json_extraction", "one"]
    codes = (
        "[...document.querySelectorAll('tr[data-code=text_before] .many')].map((n) => n.innerText)"
    )
    counts, said, intervals = tab.evaluate(codes), tab.evaluate(below), tab.evaluate(INTERVALS)

    made = tmp_path / "made.html"
    report = report_on(run, before=ADAPTER, after="adapter:out/one", policy=GatePolicy())
    made.write_text(render(report), encoding="utf-8")
    tab.open(made)
    assert (tab.evaluate(TALLIES), rates(tab)) == shown
    assert tab.evaluate(f"{ROW}.querySelector('.change').innerText").split() == change
    assert (tab.evaluate(codes), tab.evaluate(below)) == (counts, said)
    assert tab.evaluate(INTERVALS)[1:] == intervals[1:]
    assert all(len(chart) == 3 for chart in intervals[1:])

    tab.open(path, "#pair=3-2")
    assert (tab.evaluate(TALLIES), rates(tab)) == shown
    tab.evaluate("document.querySelector('form.pair .swap').click()")
    assert tab.evaluate(PAIR) == "2-3"
    tab.evaluate("document.querySelector('form.pair [type=reset]').click()")
    svg = tab.evaluate(f"{ROW}.querySelector('svg').outerHTML")
    assert (tab.evaluate(TALLIES), rates(tab)) == first[:2]
    assert re.sub('aria-label="[^"]*"', "", svg) == re.sub('aria-label="[^"]*"', "", first[2])
    assert tab.evaluate("location.hash") == ""
    tab.open(path, "#pair=9-__proto__")
    assert tab.evaluate(PAIR) == "0-3"
    assert tab.problems == []


def test_every_cell_is_a_filter(tab: Page, tmp_path: Path) -> None:
    """Each button of a table asks for as many cases as it counts."""
    run = record(120, MODELS)
    path = written(run, tmp_path)
    tab.open(path)
    wanted = {r.behavior: r for r in run.results if r.model == BASE and r.rate is not None}
    for behavior in ("json_validity", FORMAT_SUCCESS):
        button = f"table.behaviors button[data-behavior={behavior}][data-side=before]"
        tab.evaluate(f"document.querySelector('{button}').click()")
        assert tab.evaluate(COUNT) == f"{wanted[behavior].failed} of 120 cases"
        assert f"behavior={behavior}" in tab.evaluate("location.hash")
        assert "side=before" in tab.evaluate("location.hash")
    tab.evaluate("document.querySelector('table.behaviors button[data-side=changed]').click()")
    changed = sum(map(int, tab.evaluate(TALLIES)[:2]))
    assert tab.evaluate(COUNT) == f"{changed} of 120 cases"
    buttons = "document.querySelectorAll('tr[data-code] button[data-side=before]')"
    for i in range(tab.evaluate(f"{buttons}.length")):
        tab.evaluate(f"{buttons}[{i}].click()")
        count = tab.evaluate(f"{buttons}[{i}].querySelector('.many').innerText")
        assert tab.evaluate(COUNT) == f"{count} of 120 cases"
    cell = 'table.matrix button[data-behavior=json_validity][data-model="2"]'
    tab.evaluate(f"document.querySelector('{cell}').click()")
    failed = next(
        r.failed for r in run.results if (r.model, r.behavior) == (MODELS[2][0], "json_validity")
    )
    assert tab.evaluate(PAIR) == "0-2"
    assert tab.evaluate(COUNT) == f"{failed} of 120 cases"
    tab.evaluate("document.querySelector('button.choose[data-pair=\"1-2\"]').click()")
    assert tab.evaluate(PAIR) == "1-2"
    assert tab.evaluate("document.activeElement.name") == "before"
    assert tab.problems == []


def test_without_scripts_the_first_pair_stands(tab: Page, tmp_path: Path) -> None:
    path = written(record(60, MODELS), tmp_path)
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    tab.open(path)
    forms = "[...document.querySelectorAll('form')].map((f) => getComputedStyle(f).display)"
    assert set(tab.evaluate(forms)) == {"none"}
    assert tab.evaluate("document.querySelectorAll('table.matrix').length") == 2
    assert tab.evaluate("document.querySelectorAll('.bucket .case').length") > 0
    assert tab.evaluate("document.querySelectorAll('button:enabled:not(form *)').length") == 0


@pytest.mark.parametrize("width", [320, 390, 700, 1400])
def test_several_models_with_long_names_fit(tab: Page, tmp_path: Path, width: int) -> None:
    tab.resize(width, 900)
    tab.open(written(record(60, MODELS), tmp_path))
    tab.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    tab.evaluate(SETTLED)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    broken = """[...document.querySelectorAll('th .name, .matrix tbody th')].filter((n) => {
      const words = document.createRange(), lines = new Set();
      words.selectNodeContents(n);
      for (const box of words.getClientRects()) lines.add(Math.round(box.top));
      return lines.size > 8;
    }).length"""
    assert tab.evaluate(broken) == 0


def three_hostile(text: str) -> RunRecord:
    """The hostile record with a third model, whose ref and name are hostile too, and with what only
    some records have: a counterexample and repeats that disagree."""
    run = hostile_record(text)
    ref = f"gguf:{text}"
    third = replace(run.models[0], ref=ref, name=text or "x")
    answers = [replace(s, model=ref) for s in run.samples if s.model == BASE]
    fails = Verdict.failed(FailureCode.UNGROUNDED, f"x, the nearest is {text!r}", (0, 1))
    answers = [replace(s, verdicts={**s.verdicts, "json_validity": fails}) for s in answers]
    again = [replace(s, repeat=1, verdicts={"json_validity": Verdict.passed()}) for s in answers]
    results = [replace(r, model=ref) for r in run.results if r.model == BASE]
    smallest = Counterexample(f"b{text}", answers[0], f"1{text}", 3, 9, True)
    return replace(
        run,
        models=(*run.models, third),
        samples=(*run.samples, *answers, *again),
        results=(*run.results, *results),
        counterexamples=(smallest,),
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_runs_whatever_is_chosen(tab: Page, tmp_path: Path, text: str) -> None:
    path = tmp_path / "page.html"
    report = report_on(three_hostile(text), policy=GatePolicy())
    trainings = {
        (report.after.record.id, m.ref): Training(text, 1.0, ((1, 1.0), (2, 0.5)), ())
        for m in report.runs[0].models
    }
    path.write_text(render(replace(report, trainings=trainings)), encoding="utf-8")
    tab.open(path)
    tab.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    for role, place in (("before", 2), ("after", 0), ("after", 1)):
        choose(tab, role, place)
    every = "for (const b of document.querySelectorAll('button.ask, button.choose')) b.click()"
    tab.evaluate(every)
    tab.evaluate("document.querySelector('.filter button[type=reset]').click()")
    tab.evaluate(SETTLED)
    tab.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    tab.evaluate(SETTLED)
    assert tab.evaluate("window.owned") is None
    assert tab.evaluate("document.querySelectorAll('.case').length") > 2
    assert tab.evaluate("document.querySelectorAll('img, main script, main style').length") == 0
    assert tab.evaluate(PAIR) in {f"{a}-{b}" for a in range(3) for b in range(3)}
    assert tab.problems == []


def test_a_link_to_a_section_keeps_what_is_shown(tab: Page, tmp_path: Path) -> None:
    tab.open(written(record(60, MODELS), tmp_path), "#pair=1-2")
    tab.evaluate("document.querySelector('a[href=\"#task-0-codes\"]').click()")
    tab.evaluate(SETTLED)
    assert tab.evaluate("location.hash") == "#pair=1-2", "a reload brings the pair back"
    assert tab.evaluate(PAIR) == "1-2"
    links = "[...document.querySelectorAll('nav a')].map((a) => a.getAttribute('href'))"
    for link in tab.evaluate(links):
        assert tab.evaluate(f"document.querySelectorAll('{link}').length") == 1


def test_of_too_many_pairs_the_rates_still_differ(
    tab: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.report.page.matrix.MAX_PAIRED", 0)
    tab.open(written(record(100, MODELS), tmp_path), "#pair=3-2")
    before, after = (float(rate.rstrip("%")) for rate in rates(tab))
    points = tab.evaluate(f"{ROW}.querySelector('.points').innerText")
    assert float(points.replace("\N{MINUS SIGN}", "-")) == pytest.approx(after - before)
    assert tab.evaluate("document.querySelectorAll('table.pairs').length") == 0
    assert tab.problems == []
