"""The certainty of tokens on a page in a real browser: marks, lists, and where two models part."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.logprobs import Logprobs, parting
from harness.core.record import RunRecord
from harness.report.html import render
from harness.report.page.cases import tokens
from harness.report.report import report_on
from tests.report.certain import logprobs_of, with_logprobs
from tests.report.chromium import Page
from tests.report.hostile import HOSTILE
from tests.report.page.test_long_answers import MAX_TO_ANSWER
from tests.synthetic import ADAPTER, BASE, TASK, good, record, record_of, sample, values, with_text

pytestmark = pytest.mark.slow

ON = "#certainty=on"
RAW = "document.querySelector('.case .answer.%s .raw').textContent"
OPENED = "for (const fold of document.querySelectorAll('.bucket')) fold.open = true"


def written(run: RunRecord, folder: Path) -> Path:
    path = folder / "page.html"
    path.write_text(render(report_on(run)), encoding="utf-8")
    return path


def one_case(
    before: str, after: str, left: Logprobs | None, right: Logprobs | None, count: int = 1
) -> RunRecord:
    """A run of two models with these answers to each of ``count`` cases."""
    answered = []
    for ref, text, own in ((BASE, before, left), (ADAPTER, after, right)):
        found = [
            with_text(sample(ref, n, value, good(value)), text)
            for n, value in enumerate(values(count))
        ]
        with_own = [replace(s, completion=replace(s.completion, logprobs=own)) for s in found]
        answered.append((ref, with_own))
    return record_of(answered)


def logprobs(*tokens: tuple[int, float, str, float]) -> Logprobs:
    made = Logprobs.of(*map(list, zip(*tokens, strict=True)))
    assert made is not None
    return made


BEFORE = logprobs((2, -0.01, "x", -5.0), (1, -0.5, ",", -1.0), (0, -0.02, "}", -4.0))
AFTER = logprobs((2, -0.01, "x", -5.0), (1, -0.07, "}", -2.7), (1, -2.0, "b", -0.2))


def test_the_switch_marks_tokens_and_the_address_remembers(tab: Page, tmp_path: Path) -> None:
    page = written(one_case('{"}', '{",a', BEFORE, AFTER), tmp_path)
    tab.open(page)
    tab.evaluate(OPENED)
    assert tab.evaluate("document.querySelectorAll('.case .doubt').length") == 0
    tab.click("button.certainty")
    assert tab.evaluate("location.hash") == ON
    assert tab.evaluate("document.querySelector('button.certainty').ariaPressed") == "true"
    tab.open(page, ON)
    tab.evaluate(OPENED)
    marks = "[...document.querySelectorAll('.case .doubt')].map((m) => [m.className, m.title])"
    assert tab.evaluate(marks) == [
        ["doubt d1 part", "} 0.61, runner-up , 0.37"],
        ["doubt d3", "a 0.14, runner-up b 0.82"],
    ]
    assert tab.evaluate(RAW % "after") == '{",a'
    tab.press("c")
    assert tab.evaluate("location.hash") == ""
    assert tab.evaluate("document.querySelectorAll('.case .doubt').length") == 0
    assert tab.problems == []


def test_the_first_tokens_that_differ_are_said_with_both_probabilities(
    tab: Page, tmp_path: Path
) -> None:
    tab.open(written(one_case('{"}', '{",a', BEFORE, AFTER), tmp_path))
    tab.evaluate(OPENED)
    said = tab.evaluate("document.querySelector('.parting').innerText")
    assert said == "Here the models part: tiny } 0.61, json_extraction , 0.93"


def test_the_least_certain_tokens_are_buttons_that_lead_to_their_place(
    tab: Page, tmp_path: Path
) -> None:
    tab.open(written(one_case('{"}', '{",a', BEFORE, AFTER), tmp_path), ON)
    tab.evaluate(OPENED)
    said = "[...document.querySelectorAll('.doubts button')].map((b) => b.innerText)"
    assert tab.evaluate(said) == ["} 0.61, runner-up , 0.37", "a 0.14, runner-up b 0.82"]
    tab.evaluate("document.querySelector('.after .doubts button').focus()")
    tab.press("Enter", 13, "\r")
    assert tab.evaluate("document.activeElement.className") == "doubt d3"


def test_an_answer_without_them_says_so(tab: Page, tmp_path: Path) -> None:
    tab.open(written(one_case('{"}', '{",a', BEFORE, None), tmp_path), ON)
    tab.evaluate(OPENED)
    said = "document.querySelector('.case .answer.after .note').textContent"
    assert tab.evaluate(said) == "The page has no probabilities of this answer."
    assert tab.evaluate("document.querySelector('.parting')") is None


def test_the_script_and_the_terminal_see_the_same_parting(tab: Page, tmp_path: Path) -> None:
    run = with_logprobs(record(120))
    tab.open(written(run, tmp_path))
    pairs = {s.case_id: {} for s in run.samples}
    for s in run.samples:
        pairs[s.case_id][s.model] = s.completion
    expected = {}
    for case_id, own in pairs.items():
        sides = [(c.text, c.logprobs) for c in (own[BASE], own[ADAPTER])]
        found = parting(*sides) if all(c.error is None for c in own.values()) else None
        if found and all(found):
            texts = [c[s.start : s.end] for (c, _), s in zip(sides, found, strict=True)]
            expected[case_id] = texts
    assert len(expected) > 60
    for case_id, (left, right) in list(expected.items())[::10]:
        tab.evaluate(f"location.hash = {json.dumps(f'#task={TASK}&case={case_id}')}")
        tab.until(f"document.querySelector('.alone h4 a')?.textContent === {json.dumps(case_id)}")
        shown = "[...document.querySelectorAll('.alone .parting code')].map((c) => c.textContent)"
        named = [text.replace("\n", "↵\n").replace(" ", "·") for text in (left, right) if text]
        assert tab.evaluate(shown) == named


def test_the_parting_reads_the_same_without_scripts(tab: Page, tmp_path: Path) -> None:
    page = written(with_logprobs(record(60)), tmp_path)
    lines = "[...document.querySelectorAll('.bucket[open] .parting')].slice(0, 5)"
    said = f"{lines}.map((line) => line.innerText)"
    found = []
    for is_disabled in (True, False):
        tab.call("Emulation.setScriptExecutionDisabled", value=is_disabled)
        tab.open(page)
        tab.lay_out()
        found.append(tab.evaluate(said))
    assert found[0] == found[1]
    assert len(found[0]) == 5


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_tokens_are_text(tab: Page, tmp_path: Path, text: str) -> None:
    own = [logprobs_of(text + end, end, [text]) for end in "ab"]
    tab.open(written(one_case(f"{text}a", f"{text}b", *own), tmp_path), ON)
    tab.evaluate(OPENED)
    assert tab.evaluate("window.owned") is None
    assert tab.evaluate("document.querySelectorAll('.case').length") == 1
    assert tab.evaluate("document.querySelectorAll('img, main script, main style').length") == 0
    assert tab.problems == []


def test_ten_thousand_doubtful_tokens_are_quick(tab: Page, tmp_path: Path) -> None:
    text = "a\n \u202e</script>" * 700
    one = [logprobs_of(text + end, end, share=1.0) for end in ("x", "y")]
    tab.open(written(one_case(f"{text}x", f"{text}y", *one, count=20), tmp_path))
    tab.evaluate(OPENED)
    for _ in range(2):
        took = tab.evaluate(
            "(() => { const began = performance.now();"
            " document.querySelector('button.certainty').click();"
            " document.body.offsetHeight; return performance.now() - began; })()"
        )
        assert took < MAX_TO_ANSWER
    tab.click("button.certainty")
    assert tab.evaluate("document.querySelectorAll('.case:first-of-type .doubt').length") >= 300


def test_cases_are_sorted_by_certainty_in_the_table(tab: Page, tmp_path: Path) -> None:
    tab.open(
        written(with_logprobs(record(60)), tmp_path),
        f"#task={TASK}&view=table&columns=mean%20least&sort=least",
    )
    numbers = "[...document.querySelectorAll('.dense tbody tr')].map((r) => r.cells[2].textContent)"
    found = [float(n.removeprefix("under ")) for n in tab.evaluate(numbers) if n]
    assert len(found) > 40
    assert found == sorted(found)


def test_a_page_without_room_says_what_it_left_out(
    tab: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "MAX_BYTES", 4_000)
    tab.open(written(with_logprobs(record(60)), tmp_path), ON)
    said = tab.evaluate("document.querySelector('.certain').innerText")
    assert " of 120 answers, those of cases that changed or fail first" in said
