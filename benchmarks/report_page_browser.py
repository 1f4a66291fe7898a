"""Measures the page's response times in headless Chromium and checks that its controls work.

Times are from the page's own clock: milliseconds since the navigation began, or since the input
event. Selectors are roles, names and data attributes that the page guarantees, never its styling.
"""

import json
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.report import interactions
from tests.report.chromium import Page

FORM = "form.filter"
COUNT = f"{FORM} output.count"
SEEN = "[...document.querySelectorAll('.case h4')].filter((h) => h.checkVisibility())"
PROBE = ".bucket:not([open]) > summary"
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd > 0"
PAINTED = "performance.getEntriesByName('first-contentful-paint').length > 0"
TIMINGS = """(() => {
  const [navigation] = performance.getEntriesByType("navigation");
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return { load: navigation.loadEventEnd, paint: paint.startTime };
})()"""
# Watches from the very start: when the probe's fold is open, its cases are drawn, and a frame with
# them has been handed on, the clock is read.
WATCH_PROBE = """window.answered = new Promise((done) => {
  const fold = document.querySelector('.bucket:not([open])');
  const look = () => fold.open && fold.querySelector('.case')
    ? requestAnimationFrame(() => setTimeout(() => done(performance.now())))
    : requestAnimationFrame(look);
  look();
}); null"""
# From the event that a keystroke or a choice fires, the page's own delay included, to the first
# frame that has shown the count of what was found.
ANSWER = """(async (wanted) => {
  const form = document.querySelector('form.filter'), count = form.querySelector('output.count');
  for (const field of form.elements) if (field.name) field.value = wanted[field.name] ?? "";
  count.textContent = "asked";
  const start = performance.now();
  form.elements.text.dispatchEvent(new Event("input", { bubbles: true }));
  while (count.textContent === "asked") {
    await new Promise(requestAnimationFrame);
    if (performance.now() - start > 10_000) throw new Error("no answer");
  }
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return [performance.now() - start, count.textContent];
})"""


@dataclass(frozen=True, slots=True)
class Interactive:
    """One load of the page, in milliseconds since the navigation began."""

    paint: float
    """The first content is painted."""
    load: float
    """Every script has run and the page is loaded."""
    answered: float
    """A click on a closed bucket, sent once the page was loaded, has drawn its cases."""


def load(tab: Page, path: Path) -> Interactive:
    """Open the page and click as soon as it is loaded: it is interactive when it has reacted."""
    tab.open(path)
    tab.until(LOADED)
    tab.evaluate(WATCH_PROBE)
    tab.click(PROBE)
    answered = tab.evaluate("window.answered")
    tab.until(PAINTED)
    found = tab.evaluate(TIMINGS)
    return Interactive(found["paint"], found["load"], answered)


def filters(tab: Page) -> dict[str, dict[str, str]]:
    """Filter settings: every code, behavior and tag, all at once, and searches that match many
    cases, one case and none."""
    options: dict[str, list[str]] = {
        name: tab.evaluate(
            f"[...document.querySelector('{FORM} [name={name}]').options]"
            ".map((o) => o.value).filter(Boolean)"
        )
        for name in ("code", "behavior", "change", "tag")
    }
    asked = {f"{n} {v}": {n: v} for n, values in options.items() for v in values}
    both = {name: values[0] for name, values in options.items() if values}
    asked |= {
        f"{behavior} broke": {"behavior": behavior, "change": "regressed"}
        for behavior in options["behavior"]
    }
    texts = ("a", "paid", "invoice 00251", "Nowak paid", "no such text anywhere")
    searches = {f"search {text!r}": {"text": text} for text in texts}
    return (
        asked | {"all three": both} | searches | {"all three and a search": both | {"text": "paid"}}
    )


def answers(tab: Page, path: Path, repeats: int) -> dict[str, list[float]]:
    """Milliseconds of each filter on cards and on the table, applied ``repeats`` times, never twice
    in a row."""
    found: dict[str, list[float]] = {}
    for view in ("cards", "table"):
        tab.open(path)
        tab.until(LOADED)
        tab.evaluate(f"document.querySelector('[data-view={view}]').click()")
        for _ in range(repeats):
            for name, wanted in filters(tab).items():
                milliseconds, said = tab.evaluate(f"{ANSWER}({json.dumps(wanted)})")
                assert said, f"{name}: the page says no count"
                found.setdefault(f"{view}: {name}", []).append(milliseconds)
    return found


def acts(tab: Page, path: Path, repeats: int) -> dict[str, list[float]]:
    """Milliseconds of each thing that a reader does with the cases."""
    found: dict[str, list[float]] = {}
    for _ in range(repeats):
        tab.open(path)
        tab.until(LOADED)
        for name, took in interactions.measured(tab):
            found.setdefault(name, []).append(took)
    return found


def medians(times: dict[str, list[float]]) -> dict[str, float]:
    return {name: round(statistics.median(found), 1) for name, found in times.items()}


def checks(tab: Page, path: Path) -> Iterator[tuple[str, bool]]:
    """Actions of a reader, each with the success of the page's reaction."""
    for scheme in ("light", "dark"):
        tab.prefer(scheme)
        for width in (390, 1400):
            tab.resize(width, 900)
            tab.open(path)
            yield f"{scheme}, {width} px: no complaint, nothing sideways", _is_sound(tab, width)
    yield "light and dark differ", _background(tab, "light") != _background(tab, "dark")
    yield from _links(tab, path)
    yield from _keyboard(tab, path)
    yield from _without_scripts(tab, path)


def _is_sound(tab: Page, width: int) -> bool:
    is_narrow = tab.evaluate("document.documentElement.scrollWidth") <= width
    return bool(is_narrow and not (tab.problems or tab.requests or tab.dialogs))


def _background(tab: Page, scheme: str) -> Any:
    tab.prefer(scheme)
    return tab.evaluate("getComputedStyle(document.body).backgroundColor")


def _links(tab: Page, path: Path) -> Iterator[tuple[str, bool]]:
    """A failure code filters the cases, the address stores it, and a case's own address opens
    it."""
    tab.open(path)
    tab.click("button.code[data-code]")
    tab.until(f"document.querySelector('{COUNT}').textContent.includes(' of ')")
    said, address = tab.evaluate(f"document.querySelector('{COUNT}').textContent"), _address(tab)
    yield "a failure code of the table filters the cases", " of 5,000 cases" in said
    tab.click("button.ask[data-side=after]")
    tab.until(f"document.querySelector('{COUNT}').textContent !== {json.dumps(said)}")
    yield "a cell of the table filters the cases", "side=after" in _address(tab)
    tab.open(path, address)
    again = tab.evaluate(f"document.querySelector('{COUNT}').textContent")
    yield "the address brings the filter back", bool(address) and again == said
    task = tab.evaluate("document.querySelector('section.task .eyebrow').textContent.trim()")
    tab.open(path, f"#task={task}&case=pay-0251")
    shown = tab.evaluate(f"{SEEN}.map((h) => h.innerText)")
    yield "a case's address shows that case alone", len(shown) == 1 and "pay-0251" in shown[0]
    tab.click(f"{FORM} button[type=reset]")
    tab.until(f"{SEEN}.length > 1")
    yield "clearing brings all cases back", _address(tab) == ""


def _address(tab: Page) -> str:
    return str(tab.evaluate("location.hash"))


def _keyboard(tab: Page, path: Path) -> Iterator[tuple[str, bool]]:
    """The skip link comes first, / searches, and a bucket opens without a mouse."""
    tab.open(path)
    tab.press("Tab", 9)
    yield "the first Tab is the link to the results", _focused(tab) == "#main"
    tab.press("/", 191, "/")
    yield "/ is the search", tab.evaluate("document.activeElement.name") == "text"
    for letter in "okafor":
        tab.press(letter, ord(letter.upper()), letter)
    tab.until(f"document.querySelector('{COUNT}').textContent.includes(' of ')")
    yield "typing searches", "text=okafor" in _address(tab)
    tab.evaluate(f"document.querySelector('{PROBE}').focus()")
    tab.press("Enter", 13, "\r")
    tab.until("document.activeElement.parentElement.querySelector('.case')")
    yield "Enter opens a bucket", True
    unseen = _unseen_focus(tab)
    yield " and not: ".join(["what Tab reaches shows that it has the focus", *unseen]), not unseen


def _focused(tab: Page) -> Any:
    return tab.evaluate("document.activeElement.getAttribute('href')")


def _unseen_focus(tab: Page, most: int = 60) -> list[str]:
    """Press Tab ``most`` times from the start: the elements without a visible focus."""
    unseen = []
    tab.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    for _ in range(most):
        tab.press("Tab", 9)
        seen = tab.evaluate(
            "(() => { const at = document.activeElement; if (at === document.body) return true;"
            " const look = getComputedStyle(at), box = at.getBoundingClientRect();"
            " return look.outlineStyle !== 'none' && box.width > 0 && box.top < innerHeight"
            " && box.bottom > 0; })()"
        )
        if not seen:
            unseen.append(tab.evaluate("document.activeElement.outerHTML.slice(0, 80)"))
    return unseen


def _without_scripts(tab: Page, path: Path) -> Iterator[tuple[str, bool]]:
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    tab.open(path)
    text = tab.evaluate("document.querySelector('.bucket[open]').innerText")
    read = "before" in text and "after" in text and "pay-" in text
    yield "without JavaScript: what broke can be read", read
    first = tab.evaluate("document.querySelector('h2').getBoundingClientRect().top")
    yield "without JavaScript: the verdict is on the first screen", first < 900
    tab.call("Emulation.setScriptExecutionDisabled", value=False)
