"""The page in a real browser: it runs, nothing a model wrote does, and it answers."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.core.record import RunRecord
from harness.core.verdict import FailureCode, Verdict
from harness.gate.policy import GatePolicy
from harness.report.html import render
from harness.report.report import report_on
from tests.report.chromium import Page
from tests.report.odd_pairs import odd_record
from tests.report.test_html import HOSTILE, hostile_record
from tests.synthetic import (
    ADAPTER,
    BASE,
    BEHAVES,
    CHATTERS,
    Mix,
    good,
    record,
    record_of,
    sample,
    values,
    with_text,
)

pytestmark = pytest.mark.slow

VISIBLE_CASES = "document.querySelectorAll('.bucket[open] .case').length"
COUNT = "document.querySelector('.filter .count').textContent"
TALLIES = "[...document.querySelectorAll('.bucket .tally')].map((t) => t.textContent)"
SEEN = """[...document.querySelectorAll('.case h4 a')].filter((link) => link.checkVisibility())
  .map((link) => link.textContent)"""
SETTLED = "new Promise((done) => setTimeout(done, 150))"


def written(run: RunRecord, folder: Path) -> Path:
    path = folder / "page.html"
    path.write_text(render(report_on(run)), encoding="utf-8")
    return path


def type_text(tab: Page, text: str) -> None:
    tab.evaluate(
        "((box) => { box.value = " + repr(text) + "; "
        "box.dispatchEvent(new Event('input', { bubbles: true })); })"
        "(document.querySelector('.filter input'))"
    )
    tab.evaluate(SETTLED)


def test_the_shown_cases_are_exported_and_each_says_how_to_replay_it(
    tab: Page, tmp_path: Path
) -> None:
    tab.open(written(record(300), tmp_path), "#task=json_extraction&code=bracket_loop")
    tab.evaluate("URL.createObjectURL = (blob) => { window.exported = blob; return 'blob:x'; }")
    tab.evaluate(
        "HTMLAnchorElement.prototype.click = function () { window.named = this.download; }"
    )
    tab.evaluate("document.querySelector('button.export').click()")
    lines = [json.loads(line) for line in tab.evaluate("window.exported.text()").splitlines()]
    assert len(lines) == 24
    assert lines[0]["prompt"].startswith("Extract fields. Output ONLY valid JSON")
    assert [answer["side"] for answer in lines[0]["answers"]] == ["before", "after"]
    codes = {f["code"] for line in lines for a in line["answers"] for f in a["findings"]}
    assert "bracket_loop" in codes
    assert tab.evaluate("window.named").endswith(".json_extraction.jsonl")
    tab.evaluate("document.querySelector('.bucket > summary').click()")
    command = tab.evaluate("document.querySelector('.case .replay').textContent")
    run = "20261120-131502-ab12"
    assert command.startswith(f"harness replay {run} pay-")
    assert command.endswith(" --task json_extraction")
    assert tab.problems == []


def test_buckets_open_search_narrows_and_the_address_remembers(tab: Page, tmp_path: Path) -> None:
    path = written(record(300), tmp_path)
    tab.open(path)
    assert tab.problems == []
    assert tab.evaluate(TALLIES) == ["2", "258", "11", "29"]
    assert tab.evaluate(VISIBLE_CASES) == 2
    tab.evaluate("document.querySelectorAll('.bucket > summary')[1].click()")
    tab.evaluate(SETTLED)
    assert tab.evaluate(VISIBLE_CASES) == 22
    tab.evaluate("document.querySelectorAll('.bucket')[1].querySelector('.more').click()")
    assert tab.evaluate(VISIBLE_CASES) == 42
    assert tab.evaluate("document.activeElement.textContent").startswith("pay-")

    type_text(tab, "INVOICE 00251")
    assert tab.evaluate(COUNT) == "1 of 300 cases"
    assert "text=invoice+00251" in tab.evaluate("location.hash")
    tab.open(path, "#task=json_extraction&code=bracket_loop")
    assert tab.evaluate(COUNT) == "24 of 300 cases"
    assert tab.evaluate("document.querySelector('.filter [name=code]').value") == "bracket_loop"
    tab.open(path, "#task=json_extraction&case=pay-0251")
    assert tab.evaluate(SEEN) == ["pay-0251"]
    assert tab.evaluate("document.querySelector('.alone .place').textContent").endswith(
        " of 300 cases"
    )
    tab.evaluate("document.querySelector('.filter button[type=reset]').click()")
    tab.evaluate(SETTLED)
    assert tab.evaluate(TALLIES) == ["2", "258", "11", "29"]
    assert tab.problems == []


def test_a_failure_code_of_the_table_is_a_filter(tab: Page, tmp_path: Path) -> None:
    tab.open(written(record(300), tmp_path))
    tab.evaluate("document.querySelector('button.code[data-code=missing_key]').click()")
    assert tab.evaluate(COUNT) == "31 of 300 cases"


def test_the_keyboard_reaches_the_search(tab: Page, tmp_path: Path) -> None:
    tab.open(written(record(30), tmp_path))
    for kind in ("keyDown", "keyUp"):
        tab.call(
            "Input.dispatchKeyEvent", type=kind, key="/", text="/" if kind == "keyDown" else ""
        )
    assert tab.evaluate("document.activeElement.name") == "text"
    assert tab.evaluate("document.activeElement.value") == ""


# Every stretch of a text with the titles of the marks that it stands in.
READ = """[...document.querySelectorAll('.bucket[open] pre')].map((pre) => {
  const walker = document.createTreeWalker(pre, NodeFilter.SHOW_TEXT), found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const title = node.parentNode.closest('mark')?.title ?? "";
    if (found.at(-1)?.[0] === title) found.at(-1)[1] += node.data;
    else found.push([title, node.data]);
  }
  return found;
})"""


def with_and_without_scripts(tab: Page, path: Path, expression: str) -> list[Any]:
    """An expression's value on the page without its scripts, then with them, all cases drawn."""
    found = []
    for is_off in (True, False):
        tab.call("Emulation.setScriptExecutionDisabled", value=is_off)
        tab.open(path)
        tab.evaluate("for (const d of document.querySelectorAll('.bucket')) d.open = true")
        tab.evaluate("document.querySelector('.bucket .more')?.click()")
        tab.lay_out()
        found.append(tab.evaluate(expression))
    return found


def test_an_answer_reads_the_same_without_scripts(tab: Page, tmp_path: Path) -> None:
    """Prompt, verdicts, both texts, what failed and how to ask again."""
    parts = "'.prompt, .answer h5 .role, .answer .verdict, .answer .raw, .answer li, .replay'"
    shown = (
        "[...document.querySelectorAll('.bucket[open] .case')].slice(0, 1).flatMap((one) => "
        f"[...one.querySelectorAll({parts})].map((n) => n.innerText))"
    )
    for number, run in enumerate([record(300), *map(hostile_record, HOSTILE)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        without, scripted = with_and_without_scripts(tab, written(run, folder), shown)
        assert len(without) >= 6
        assert [" ".join(text.split()) for text in without] == [
            " ".join(text.split()) for text in scripted
        ]


@pytest.mark.parametrize("seed", range(4))
def test_failures_are_marked_the_same_without_scripts(tab: Page, tmp_path: Path, seed: int) -> None:
    path = written(odd_record(40, seed), tmp_path)
    without, scripted = with_and_without_scripts(tab, path, READ)
    assert len(without) > 100
    assert without == scripted
    assert tab.problems == []


def test_what_sets_two_answers_apart_is_drawn(tab: Page, tmp_path: Path) -> None:
    """The difference is shaded on both sides, the keys stand in a table, long values are cut."""
    value = {"name": "Ada", "note": "x" * 300, "amount": 47.2}
    before = with_text(sample(BASE, 1, values(1)[0], good(value)), json.dumps(value))
    changed = json.dumps(value | {"amount": "47.2"})
    failed = Verdict.failed(FailureCode.WRONG_TYPE, "", (0, 1))
    after = with_text(sample(ADAPTER, 1, values(1)[0], good(value)), changed, json_validity=failed)
    sides = [(m, [replace(s, reference=value)]) for m, s in ((BASE, before), (ADAPTER, after))]
    tab.open(written(record_of(sides), tmp_path))
    assert tab.evaluate("document.querySelector('.shading').checkVisibility()") is True
    shaded = "[...document.querySelectorAll('.case .raw ins, .case .raw del')]"
    assert tab.evaluate(f"{shaded}.map((n) => [n.localName, n.innerText])") == [
        ["ins", '"'],
        ["ins", '"'],
    ]
    keys = "document.querySelector('.case .keys')"
    assert tab.evaluate(f"{keys}.querySelector('summary').innerText") == (
        "Key by key, 3 values: 1 differs, 1 is not the reference's"
    )
    rows = (
        f"[...{keys}.querySelectorAll('tr')].map((row) => [...row.cells].map((c) => c.innerText))"
    )
    assert tab.evaluate(rows) == [
        ["key", "before", "after", "reference"],
        ["/amount", "47.2 number", '✗ "47.2" string', "47.2 number"],
        ["/name", '"Ada"', '"Ada"', '"Ada"'],
        ["/note", *[f'"{"x" * 199}…'] * 3],
    ]
    assert tab.evaluate(f"{keys}.open") is True


def test_two_answers_that_are_the_same_say_so(tab: Page, tmp_path: Path) -> None:
    value = values(1)[0]
    sides = [(m, [sample(m, 1, value, good(value))]) for m in (BASE, ADAPTER)]
    tab.open(written(record_of(sides), tmp_path))
    tab.evaluate("for (const d of document.querySelectorAll('.bucket')) d.open = true")
    tab.evaluate(SETTLED)
    said = tab.evaluate("document.querySelector('.case').innerText")
    assert "Both answers are the same, character by character." in said
    assert tab.evaluate("document.querySelectorAll('.case :is(ins, del)').length") == 0


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_a_model_wrote_runs(tab: Page, tmp_path: Path, text: str) -> None:
    tab.open(written(hostile_record(text), tmp_path))
    tab.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    tab.evaluate(SETTLED)
    assert tab.evaluate("window.owned") is None
    assert tab.evaluate("document.querySelectorAll('.case').length") == 2
    assert tab.evaluate("document.querySelectorAll('img, main script, main style').length") == 0
    assert tab.problems == []


@pytest.mark.parametrize("width", [320, 390, 1400])
def test_nothing_is_wider_than_the_window(tab: Page, tmp_path: Path, width: int) -> None:
    tab.resize(width, 900)
    tab.open(written(record(60), tmp_path))
    tab.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    tab.evaluate(SETTLED)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("models", [((ADAPTER, BEHAVES),), ((BASE, CHATTERS), (ADAPTER, BEHAVES))])
def test_no_table_scrolls_in_a_wide_window(
    tab: Page, tmp_path: Path, models: tuple[tuple[str, Mix], ...]
) -> None:
    tab.resize(1400, 900)
    tab.open(written(record(60, models), tmp_path))
    tab.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    tab.evaluate(SETTLED)
    regions = "[...document.querySelectorAll('.scroll')]"
    assert tab.evaluate(f"{regions}.length") > 0
    wider = f"{regions}.filter(r => r.scrollWidth > r.clientWidth)"
    assert tab.evaluate(f"{wider}.map(r => r.getAttribute('aria-label')).join()") == ""


def test_five_thousand_cases_answer(tab: Page, tmp_path: Path) -> None:
    tab.open(written(record(5_000), tmp_path))
    assert tab.evaluate("document.querySelectorAll('.bucket .tally')[1].textContent") == "4,253"
    type_text(tab, "okafor")
    assert tab.evaluate(COUNT).endswith(" of 5,000 cases")
    assert tab.problems == []


def test_tags_and_wordings_are_filters_too(tab: Page, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(render(report_on(record(120), policy=GatePolicy())), encoding="utf-8")
    tab.open(path)
    tab.evaluate("document.querySelector('.slices button[data-tag=short]').click()")
    assert tab.evaluate(COUNT) == "60 of 120 cases"
    tab.evaluate("document.querySelector('.slices button[data-wording=t03]').click()")
    assert tab.evaluate(COUNT) == "10 of 120 cases"
    assert "wording=t03" in tab.evaluate("location.hash")
