"""One case alone in a real browser: where the focus is, which task the keys are about, what a
review marks, and addresses of what the page does not have."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.case import Message
from harness.core.record import RunRecord
from harness.core.verdict import Verdict
from tests.report.chromium import Page
from tests.report.page.test_browser import COUNT, SETTLED, written
from tests.report.page.test_browser_cases import FOCUSED, TASK
from tests.report.page.test_browser_models import MODELS
from tests.report.page.test_browser_models import choose as choose_model
from tests.synthetic import ADAPTER, record

pytestmark = pytest.mark.slow

ALONE = "[...document.querySelectorAll('.alone')].map((a) => a.querySelector('h4 a')?.textContent)"
PRESSED = """[...document.querySelectorAll('.judge')].filter((g) => g.checkVisibility())
  .flatMap((g) => [...g.querySelectorAll('[aria-pressed=true]')]
    .map((b) => `${g.ariaLabel.split(' ').at(-1)} ${b.textContent}`))"""
CHOSEN = """Object.fromEntries([...document.querySelectorAll('.filter select')]
  .map((s) => [s.name, s.selectedOptions[0]?.textContent]))"""


def two_tasks() -> RunRecord:
    """The same cases under two names."""
    one = record(12)
    other = [[replace(x, task="other") for x in found] for found in (one.samples, one.results)]
    return replace(
        one,
        tasks=(*one.tasks, replace(one.tasks[0], name="other")),
        samples=(*one.samples, *other[0]),
        results=(*one.results, *other[1]),
    )


def test_drawn_anew_it_leaves_the_focus_where_it_is(tab: Page, tmp_path: Path) -> None:
    tab.open(written(record(60, MODELS), tmp_path), f"{TASK}&case=pay-0003")
    assert tab.evaluate(FOCUSED) == "pay-0003"
    tab.evaluate("document.querySelector('form.pair [name=before]').focus()")
    where = tab.evaluate("scrollY")
    choose_model(tab, "before", 2)
    assert tab.evaluate("document.activeElement.name") == "before"
    assert tab.evaluate("scrollY") == where
    assert tab.evaluate(ALONE) == ["pay-0003"]
    tab.click(".alone .next")
    assert tab.evaluate(FOCUSED) == "Next"


def test_back_from_a_case_that_is_not_drawn_the_focus_is_at_the_list(
    tab: Page, tmp_path: Path
) -> None:
    tab.open(written(record(200), tmp_path), f"{TASK}&case=pay-0150")
    tab.press("Escape", 27)
    assert tab.evaluate(FOCUSED) == "Cards"


def test_the_keys_are_about_the_one_case_that_is_open(tab: Page, tmp_path: Path) -> None:
    tab.open(written(two_tasks(), tmp_path), f"{TASK}&case=pay-0002")
    tab.evaluate("for (const d of document.querySelectorAll('.bucket')) d.open = true")
    tab.evaluate(SETTLED)
    tab.evaluate("document.querySelectorAll('.folds')[1].querySelector('.case h4 a').click()")
    first, second = tab.evaluate(ALONE)
    assert first is None
    assert second is not None
    tab.press("j", 74)
    assert tab.evaluate(ALONE)[0] is None
    assert tab.evaluate(ALONE)[1] not in (None, second)
    assert "task=other" in tab.evaluate("location.hash")


def test_a_key_marks_no_model_outside_the_pair(tab: Page, tmp_path: Path) -> None:
    run = record(12, MODELS)
    kept = (s for s in run.samples if (s.model, s.case_id) != (MODELS[-1][0], "pay-0003"))
    tab.open(written(replace(run, samples=tuple(kept)), tmp_path), f"{TASK}&case=pay-0003")
    tab.press("w", 87)
    assert tab.evaluate(PRESSED) == ["before wrong"]
    tab.evaluate("location.hash = '#task=json_extraction&case=pay-0004'")
    tab.until(f"{ALONE}[0] === 'pay-0004'")
    tab.press("r", 82)
    assert tab.evaluate(PRESSED) == ["after right"]


def test_an_unknown_value_of_the_address_is_any_and_an_unknown_case_is_said(
    tab: Page, tmp_path: Path
) -> None:
    path = written(record(12), tmp_path)
    hostile = "behavior=none&code=%3Cb%3E&change=x&side=constructor&reviewed=__proto__"
    tab.open(path, f"{TASK}&{hostile}")
    chosen = tab.evaluate(CHOSEN)
    assert {chosen[name] for name in ("behavior", "code", "change", "reviewed")} == {"any"}
    assert chosen["side"] == "before or after"
    tab.open(path, f"{TASK}&case=%3Cb%3E&nth=4")
    assert tab.evaluate(COUNT) == "The page has no case <b>, number 4. "
    tab.open(path, f"{TASK}&case=pay-0001&nth=4&code=syntax")
    assert tab.evaluate(COUNT).startswith("The page has no case pay-0001, number 4. ")
    assert tab.evaluate(COUNT).endswith(" of 12 cases")
    tab.evaluate("document.querySelector('.filter button[type=reset]').click()")
    tab.evaluate(SETTLED)
    assert tab.evaluate(COUNT) == ""
    assert tab.problems == []


def test_a_link_to_a_section_leaves_filter_and_review_in_the_address(
    tab: Page, tmp_path: Path
) -> None:
    path = written(record(12), tmp_path)
    tab.open(path, f"{TASK}&code=syntax")
    tab.evaluate("document.querySelector('.case h4 a').focus()")
    tab.press("w", 87)
    tab.until("location.hash.includes('review=')")
    where = tab.evaluate("location.hash")
    tab.evaluate("document.querySelector('.sections a[href$=-codes]').click()")
    tab.until(f"location.hash === {where!r}")
    heading = "document.querySelector('#task-0-codes').getBoundingClientRect().top"
    assert abs(tab.evaluate(heading)) < 2
    tab.open(path, "#task-0-codes")
    assert tab.evaluate("location.hash") == "#task-0-codes"
    assert tab.evaluate(COUNT) == ""
    assert tab.problems == []


def test_what_was_not_judged_is_not_among_what_fails(tab: Page, tmp_path: Path) -> None:
    run = record(12)
    skipped = {b: Verdict.skipped("no reference") for b in run.samples[0].verdicts}
    samples = tuple(
        replace(s, verdicts=skipped) if (s.model, s.case_id) == (ADAPTER, "pay-0001") else s
        for s in run.samples
    )
    path = written(replace(run, samples=samples), tmp_path)
    tab.open(path, f"{TASK}&side=after")
    assert tab.evaluate(COUNT) == "0 of 12 cases"
    tab.open(path, f"{TASK}&change=not+judged")
    assert tab.evaluate(COUNT) == "1 of 12 cases"


def test_a_cut_prompt_says_what_is_left_out_and_copies_no_word_of_ours(
    tab: Page, tmp_path: Path
) -> None:
    """The page has 20,000 characters of ``[system]``, a blank line and a long question."""
    run = record(2)
    asked = (Message("system", "Be exact."), Message("user", "Why \U0001f600 " * 5_000))
    samples = tuple(replace(s, messages=asked) for s in run.samples)
    tab.open(written(replace(run, samples=samples), tmp_path), f"{TASK}&case=pay-0001")
    whole = "[system]\nBe exact.\n\n[user]\n" + asked[1].content
    left = len(whole) - 20_000
    prompts = "[...document.querySelectorAll('.alone .prompt')].map((p) => p.textContent)"
    system, user = tab.evaluate(prompts)
    assert system == "Be exact."
    assert user.endswith(f" … {left:,} more characters")
    tab.evaluate(
        "Object.defineProperty(navigator, 'clipboard', { value: "
        "{ writeText: async (text) => { window.copied = text; } } });"
        "document.querySelector('.alone .copies button').click()"
    )
    tab.until("window.copied")
    assert tab.evaluate("window.copied") == whole[:20_000]
    tab.evaluate(
        "URL.createObjectURL = (blob) => { window.exported = blob; return 'blob:x'; };"
        "HTMLAnchorElement.prototype.click = () => {};"
        "document.querySelector('button.export').click()"
    )
    line = json.loads(tab.evaluate("window.exported.text()").splitlines()[0])
    assert (line["prompt"], line["prompt_cut"]) == (whole[:20_000], left)
    assert [(a["cut_before"], a["cut_after"]) for a in line["answers"]] == [(0, 0)] * 2
    tab.open(tmp_path / "page.html")
    assert f"… {left:,} more characters" in tab.evaluate("document.body.textContent")
