"""What a reader does with a page of cases, one thing after another, and how long each takes."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.report.chromium import Page

MAX_MILLISECONDS = 300
# From the event to the frame after it, with what the page puts off before it answers.
TIMED = """(async (act) => {
  const seen = (node) => node.checkVisibility() && !node.disabled;
  const found = act.selector ? [...document.querySelectorAll(act.selector)].find(seen) : document.activeElement;
  if (!found) return null;
  const start = performance.now();
  if (act.key) document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: act.key, bubbles: true }));
  else if (act.value !== null) {
    found.value = act.value || found.options[found.options.length - 1].value;
    found.dispatchEvent(new Event("input", { bubbles: true }));
  } else found.click();
  if (act.wait) await new Promise((done) => setTimeout(done, act.wait));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - start;
})"""  # noqa: E501
PUT_OFF = 25
"""Milliseconds for which the page waits after a letter, and some."""


@dataclass(frozen=True, slots=True)
class Act:
    """A click, a key or, with ``value``, an input; an empty value is the last one of a list."""

    name: str
    selector: str = ""
    key: str = ""
    value: str | None = None
    wait: int = 0
    needs: str = ""
    """A selector of what the page must have for this; "" where every page has it."""


TOKENS, CAUSES, MORE = "button.certainty", ".causes button", ".list .more"
UNCHOSEN, NEXT = ".dense .columns :not(:checked)", ".dense [aria-sort] + th .sort"
MOST_COLUMNS = 40
LISTS = ("behavior", "change", "cause", "code", "side", "tag", "wording", "reviewed")


def review(place: str) -> Iterator[Act]:
    """Every part of a review of the case that has the focus or stands alone."""
    for key, said in (("r", "right"), ("w", "wrong"), ("s", "a star")):
        yield Act(f"{place}: {said}", key=key)
    yield Act(f"{place}: note opened", ".review summary")
    yield Act(f"{place}: a note", ".review textarea", value="odd", wait=PUT_OFF)
    yield Act(f"{place}: tags", ".review label input", value="a, b", wait=PUT_OFF)


def cards() -> Iterator[Act]:
    yield Act("cards: more", ".list .more", needs=MORE)
    for name in ("next", "next but one"):
        yield Act(f"cards: the {name}", key="j")
    yield Act("cards: the one before", key="k")
    yield from review("cards")
    yield Act("cards: key by key", ".keys summary", needs=".keys")
    yield Act("cards: certainty", key="c", needs=TOKENS)
    yield Act("cards: a doubt", ".doubts button", needs=TOKENS)
    yield Act("cards: certainty off", key="c", needs=TOKENS)
    yield Act("cards: a fold", ".bucket:not([open]) > summary")
    yield Act("a cause", ".causes button.ask", needs=CAUSES)
    yield Act("a number", ".behaviors button.ask")


def filters(place: str) -> Iterator[Act]:
    """A search of many cases, of one, and every list, each alone."""
    clear = Act(f"{place}: cleared", ".filter [type=reset]", wait=PUT_OFF)
    for text in ("a", '"', "pay-0003"):
        yield Act(f"{place}: search {text}", ".filter [name=text]", value=text, wait=PUT_OFF)
    yield clear
    for name in LISTS:
        shown = f".filter label:not([hidden]) [name={name}]"
        yield Act(f"{place}: {name}", shown, value="", needs=f"{shown} option:nth-child(2)")
        yield clear


def table() -> Iterator[Act]:
    yield Act("table", "[data-view=table]")
    yield Act("table: columns", ".dense .columns summary")
    for _ in range(MOST_COLUMNS):
        yield Act("table: one column more", UNCHOSEN, needs=UNCHOSEN)
    yield Act("table: sorted", ".dense .sort")
    for _ in range(MOST_COLUMNS):
        yield Act("table: sorted by the next column", NEXT, needs=NEXT)
    yield Act("table: reversed", ".dense [aria-sort] .sort")
    yield Act("table: more", ".dense .more", needs=".dense .more")
    yield from (Act(f"table: {key}", key=key) for key in "jjk")
    yield Act("table: certainty", key="c", needs=TOKENS)
    yield from filters("table")


def alone() -> Iterator[Act]:
    yield Act("alone", ".dense tbody tr:nth-child(3) a")
    for key, said in (("j", "next"), ("j", "next"), ("k", "previous")):
        yield Act(f"alone: {said}", key=key)
    yield Act("alone: next, by its button", ".alone .next")
    for _ in range(2):
        yield Act("alone: certainty", key="c", needs=TOKENS)
    yield from review("alone")
    for place in (1, 2, 3):
        yield Act(f"alone: copy {place}", f".alone .copy:nth-of-type({place})")
    yield Act("alone: back", ".alone .back")


def rest() -> Iterator[Act]:
    yield Act("keys", key="?")
    yield Act("keys: closed", "dialog .close")
    yield Act("cards again", key="t")
    yield from filters("cards")
    yield Act("exported", ".filter .export")
    yield Act("review exported", ".review-bar .save")
    yield Act("review's link", ".review-bar .link")


ACTS = (*cards(), *table(), *alone(), *rest())


def measured(tab: Page) -> Iterator[tuple[str, float]]:
    """Milliseconds of each act on the page that is open, one after another."""
    for act in ACTS:
        if act.needs and not tab.evaluate(
            f"Boolean(document.querySelector({json.dumps(act.needs)}))"
        ):
            continue
        took = tab.evaluate(f"{TIMED}({json.dumps(asdict(act))})")
        assert took is not None, f"{act.name}: nothing to act on at {act.selector}"
        yield act.name, took


def slow(tab: Page, path: Path, repeats: int = 5) -> dict[str, float]:
    """Acts that took too long each time that the page was opened, as the machine may be busy."""
    least: dict[str, float] = {}
    for _ in range(repeats):
        tab.open(path)
        found: dict[str, float] = {}
        for name, took in measured(tab):
            found[name] = max(took, found.get(name, 0.0))
        least = {name: min(took, least.get(name, took)) for name, took in found.items()}
        if max(least.values()) < MAX_MILLISECONDS:
            return {}
    return {name: took for name, took in least.items() if took >= MAX_MILLISECONDS}
