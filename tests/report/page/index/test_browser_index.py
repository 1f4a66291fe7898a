"""The index in a real browser: filtered, linked, and nothing for axe to object to."""

from pathlib import Path
from urllib.parse import quote

import pytest

from harness.core.record import FORMAT_SUCCESS
from harness.report.index import render
from harness.report.page.index.runs import RunIndex
from tests.needs import BROWSER, missing
from tests.report import axe
from tests.report.chromium import Page
from tests.report.page.index.runs import CHECKPOINTS, indexed, night, selected
from tests.synthetic import ADAPTER

pytestmark = pytest.mark.slow

ROWS = (
    "[...document.querySelectorAll('.runs tbody tr')].filter((row) => row.checkVisibility()).length"
)
GROUPS = "[...document.querySelectorAll('.group')].filter((g) => g.checkVisibility()).length"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    nights = [night(9, CHECKPOINTS), selected(night(8)), *(night(day) for day in (7, 6, 5))]
    watched = ((FORMAT_SUCCESS, ((25, 0.1, 0.0, 0.3), (400, 0.9, 0.7, 1.0))),)
    index = RunIndex("reports/runs", indexed(*nights), 2, ("a damaged one",), {"out/x": watched})
    path = tmp_path / "index.html"
    path.write_text(render(index), "utf-8")
    return path


def choose(tab: Page, name: str, value: str) -> None:
    tab.evaluate(
        f"((form) => {{ form.elements.{name}.value = {value!r}; "
        "form.dispatchEvent(new Event('input', { bubbles: true })); })"
        "(document.querySelector('form.filter'))"
    )


def test_the_filter_is_kept_in_the_address(tab: Page, page: Path) -> None:
    tab.open(page)
    assert (tab.evaluate(ROWS), tab.evaluate(GROUPS)) == (7, 2)
    choose(tab, "model", CHECKPOINTS[0])
    assert (tab.evaluate(ROWS), tab.evaluate(GROUPS)) == (1, 1)
    choose(tab, "model", "adapter:out/x/checkpoint-*")
    assert (tab.evaluate(ROWS), tab.evaluate(GROUPS)) == (3, 1)
    assert not tab.evaluate("document.querySelector('#over-time').checkVisibility()")
    address = tab.evaluate("location.hash")
    tab.open(page, address)
    assert (tab.evaluate(ROWS), tab.evaluate(GROUPS)) == (3, 1)
    choose(tab, "model", ADAPTER)
    assert (tab.evaluate(ROWS), tab.evaluate(GROUPS)) == (4, 1)
    tab.evaluate("document.querySelector('header a[href=\"#all-runs\"]').click()")
    tab.until("location.hash !== '#all-runs'")
    assert tab.evaluate("location.hash") == f"#model={quote(ADAPTER, safe='')}"
    choose(tab, "model", "")
    choose(tab, "cases", "12 selected")
    assert (tab.evaluate(ROWS), tab.evaluate(GROUPS)) == (1, 0)
    tab.open(page, "#model=none&task=%FF")
    assert tab.evaluate(ROWS) == 7
    assert (tab.problems, tab.requests) == ([], [])


def test_checkpoints_in_the_folder_itself_are_filtered_with_their_training(
    tab: Page, tmp_path: Path
) -> None:
    here = tuple(f"adapter:checkpoint-{step}" for step in (5, 10))
    path = tmp_path / "index.html"
    path.write_text(render(RunIndex("reports/runs", indexed(night(1, (*here, ADAPTER))))), "utf-8")
    tab.open(path)
    choose(tab, "model", "adapter:./checkpoint-*")
    assert (tab.evaluate(ROWS), tab.evaluate(GROUPS)) == (2, 1)
    choose(tab, "model", here[0])
    assert (tab.evaluate(ROWS), tab.evaluate(GROUPS)) == (1, 1)
    choose(tab, "model", ADAPTER)
    assert (tab.evaluate(ROWS), tab.evaluate(GROUPS)) == (1, 0)


def test_a_point_leads_to_its_run(tab: Page, page: Path) -> None:
    there = page.parent / "20261105-000000-aaaa/report.html"
    there.parent.mkdir()
    there.write_text("<title>its page</title>", "utf-8")
    tab.open(page)
    tab.click(".timeline .chart a")
    tab.until("document.title === 'its page'")


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_objects_to_nothing(
    tab: Page, page: Path, scheme: str, width: int, request: pytest.FixtureRequest
) -> None:
    script = axe.source(request.config.cache.mkdir("axe-core"))
    if script is None:
        missing(f"npm is missing, or did not bring axe-core {axe.VERSION}", BROWSER)
    tab.resize(width, 900)
    tab.prefer(scheme)
    tab.open(page)
    tab.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    assert [str(v) for v in axe.violations(tab, script)] == []
