"""Answers of 10,000 characters that a parser could choke on, on a page in a real browser.

Small models mostly fail by not ending: in the midst of a string, a key, an escape, a number. The
page reads every answer as JSON and sets it beside another; neither may take longer than reading.
"""

import json
import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.case import Message
from harness.core.verdict import FailureCode, Verdict
from harness.report.html import render
from harness.report.report import report_on
from tests.report import interactions
from tests.report.certain import with_logprobs
from tests.report.chromium import Page
from tests.report.hostile import EVERYTHING, HOSTILE
from tests.synthetic import ADAPTER, BASE, good, record_of, sample, values, with_text

pytestmark = pytest.mark.slow

CHARACTERS = 10_000
MAX_TO_OPEN = 2_000
MAX_TO_ANSWER = interactions.MAX_MILLISECONDS
"""Milliseconds."""
WORDS = random.Random(0).choices(["the bill", "is due", "on", "47.20", "in total", "paid"], k=1_800)


def filled(head: str, unit: str, tail: str = "") -> str:
    """``head``, as many units as there is room for, and ``tail``."""
    return head + unit * ((CHARACTERS - len(head) - len(tail)) // len(unit)) + tail


ENDS = {
    "in a string": filled('{"a": "', "x"),
    "in a string of escapes": filled('{"a": "', "\\n"),
    "in a key": filled('{"a": 1, "', "x"),
    "in an escape": filled('{"a": "', "x\\n", "\\"),
    "in an escaped code point": filled('{"a": "', "x", "\\u00"),
    "in a number": filled('{"a": ', "1"),
    "in an exponent": filled('{"a": ', "1", "e-"),
    "in an array": filled('{"a": [', "1, "),
    "in an array of strings": filled("[", '"x", '),
    "in an object": filled("{", '"a": 1, '),
    "in many objects": filled("", '{"a": '),
    "in many arrays": filled("", "["),
    "after many arrays": "[" * (CHARACTERS // 2) + "]" * (CHARACTERS // 2),
    "in quotes": filled('{"a": ', '"'),
    "in escaped quotes": filled('{"a": "', '\\"'),
    "in backslashes": filled('{"a": "', "\\"),
    "after blanks": filled('{"a": 1', " ", "x"),
    "in blanks": filled('{"a": ', " "),
    "in newlines": filled('{"a": ', "\n"),
    "in prose": " ".join(WORDS)[:CHARACTERS],
}
OPENED = (
    "new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))"
)
SEARCHED = """(async (wanted) => {
  const box = document.querySelector('.filter input');
  const count = document.querySelector('.filter .count');
  count.textContent = "";
  box.value = wanted;
  const start = performance.now();
  box.dispatchEvent(new Event("input", { bubbles: true }));
  const frame = () => new Promise(requestAnimationFrame);
  for (let left = 600; left && !count.textContent; left -= 1) await frame();
  await frame();
  await new Promise(setTimeout);
  return [performance.now() - start, count.textContent];
})"""


def changed(text: str, rng: random.Random) -> str:
    """The text with other characters in 200 places."""
    characters = list(text)
    for place in rng.sample(range(len(text)), 200):
        characters[place] = rng.choice('ab1 ",')
    return "".join(characters)


def page_of(texts: dict[str, str], path: Path) -> Path:
    """A page of cases that all regressed, each answered by a text; before, some of it differs."""
    rng = random.Random(0)
    before, after = [], []
    for number, (value, text) in enumerate(zip(values(len(texts)), texts.values(), strict=True)):
        failed = Verdict.failed(FailureCode.TRUNCATED, "", (len(text) - 1, len(text)))
        old, new = (sample(model, number, value, good(value)) for model in (BASE, ADAPTER))
        before.append(with_text(old, changed(text, rng)))
        after.append(with_text(new, text, json_validity=failed))
    path.write_text(render(report_on(record_of([(BASE, before), (ADAPTER, after)]))), "utf-8")
    return path


def opened(tab: Page, path: Path) -> float:
    """Milliseconds from the navigation to the first frame after the scripts have run."""
    tab.open(path)
    return float(tab.evaluate(OPENED))


def searched(tab: Page, text: str, cases: str) -> float:
    """Milliseconds from an input to the first frame that shows what was found; the least of three,
    as the machine may be busy."""
    found = [tab.evaluate(f"{SEARCHED}({json.dumps(text)})") for _ in range(3)]
    assert {count for _, count in found} == {cases}
    return float(min(took for took, _ in found))


@pytest.mark.parametrize("end", ENDS)
def test_an_answer_that_ends_anywhere_is_shown_at_once(tab: Page, tmp_path: Path, end: str) -> None:
    path = page_of({end: ENDS[end]}, tmp_path / "page.html")
    assert opened(tab, path) < MAX_TO_OPEN
    assert tab.evaluate("document.querySelectorAll('.case .raw').length") == 2
    tab.evaluate("document.querySelector('.bucket').open = false")
    assert searched(tab, "pay-0", "1 of 1 cases") < MAX_TO_ANSWER
    assert tab.evaluate("document.querySelectorAll('.bucket[open] .case .raw').length") == 2
    assert tab.problems == []


def test_a_page_of_such_answers_opens_and_filters(tab: Page, tmp_path: Path) -> None:
    """The first fold lies open; as much as is drawn at once is drawn for each click."""
    assert opened(tab, page_of(ENDS, tmp_path / "page.html")) < MAX_TO_OPEN
    assert tab.evaluate("document.querySelectorAll('.case .raw').length") >= 2
    while tab.evaluate("Boolean(document.querySelector('.list .more'))"):
        tab.evaluate("document.querySelector('.list .more').click()")
    assert tab.evaluate("document.querySelectorAll('.case .raw').length") == 2 * len(ENDS)
    assert searched(tab, "bill", "1 of 20 cases") < MAX_TO_ANSWER
    assert searched(tab, '"a": 1', "6 of 20 cases") < MAX_TO_ANSWER
    assert tab.problems == []


LINES = "".join(f'{{"line": {i}}}\n' for i in range(350))


def test_a_text_of_many_lines_is_in_blocks_that_a_reader_does_not_notice(
    tab: Page, tmp_path: Path
) -> None:
    """Blocks of 100 lines: what is out of view is not laid out, except on paper."""
    tab.open(page_of({"lines": LINES}, tmp_path / "page.html"))
    raw = "[...document.querySelectorAll('.case .raw')].at(-1)"
    blocks = f"[...{raw}.querySelectorAll('.lines')]"
    shown = LINES.replace("\n", "↵\n")
    assert tab.evaluate(f"{blocks}.map((block) => block.textContent.split('↵').length - 1)") == [
        100, 100, 100, 50,
    ]  # fmt: skip
    assert tab.evaluate(f"{raw}.textContent") == shown
    selected = tab.evaluate(f"(getSelection().selectAllChildren({raw}), getSelection().toString())")
    assert selected.rstrip("\n") == shown.rstrip("\n")
    visibility = f"getComputedStyle({blocks}[0]).contentVisibility"
    assert tab.evaluate(visibility) == "auto"
    tab.call("Emulation.setEmulatedMedia", media="print")
    assert tab.evaluate(visibility) == "visible"
    tab.call("Emulation.setEmulatedMedia", media="")


def test_a_prompt_of_many_lines_is_in_one_piece(tab: Page, tmp_path: Path) -> None:
    """Its first line follows the mark of what every prompt begins with."""
    asked = (Message("user", LINES),)
    runs = [
        (model, [replace(sample(model, 0, value, good(value)), messages=asked)])
        for model in (BASE, ADAPTER)
        for value in values(1)
    ]
    path = tmp_path / "page.html"
    path.write_text(render(report_on(record_of(runs))), "utf-8")
    tab.open(path)
    tab.evaluate("document.querySelectorAll('.bucket').forEach((fold) => { fold.open = true; })")
    tab.until("document.querySelector('.case .prompt')")
    assert tab.evaluate("document.querySelector('.case .prompt').textContent.length") > len(LINES)
    assert tab.evaluate("document.querySelectorAll('.lines').length") == 0


SHAPES = {**ENDS, **{ascii(text): filled("", text) for text in (*HOSTILE, EVERYTHING)}}
TRIPLES = [tuple(SHAPES)[i : i + 3] for i in range(0, len(SHAPES), 3)]


def page_of_every_failure(shapes: Iterable[str], path: Path, *, tokens: bool = False) -> Path:
    """A page of each text with each failure code, at the end of the answer and over all of it;
    every third case failed before, too."""
    rng = random.Random(0)
    cases = [(code, SHAPES[shape]) for shape in shapes for code in FailureCode]
    before, after = [], []
    for number, (value, (code, text)) in enumerate(zip(values(len(cases)), cases, strict=True)):
        at_end, whole = (
            Verdict.failed(code, text[:100], (start, len(text))) for start in (len(text) - 1, 0)
        )
        failed = {"schema_types": whole} if number % 3 == 0 else {}
        old, new = (sample(model, number, value, good(value)) for model in (BASE, ADAPTER))
        before.append(with_text(old, changed(text, rng), **failed))
        after.append(
            with_text(new, text, json_validity=at_end, no_extra_text=whole, schema_types=whole)
        )
    run = record_of([(BASE, before), (ADAPTER, after)])
    report = report_on(with_logprobs(run) if tokens else run)
    path.write_text(render(report), "utf-8")
    return path


@pytest.mark.parametrize("shapes", TRIPLES, ids=lambda shapes: shapes[0])
def test_no_interaction_is_slow_whatever_failed_in_whatever_way(
    tab: Page, tmp_path: Path, shapes: tuple[str, ...]
) -> None:
    path = page_of_every_failure(shapes, tmp_path / "page.html")
    assert opened(tab, path) < MAX_TO_OPEN
    assert interactions.slow(tab, path) == {}
    assert tab.problems == []


@pytest.mark.parametrize("shapes", [("in prose",), ("in newlines",), (ascii(EVERYTHING),)])
def test_no_interaction_is_slow_with_the_certainty_of_tokens(
    tab: Page, tmp_path: Path, shapes: tuple[str, ...]
) -> None:
    path = page_of_every_failure(shapes, tmp_path / "page.html", tokens=True)
    assert opened(tab, path) < MAX_TO_OPEN
    assert interactions.slow(tab, path) == {}
    assert tab.problems == []
