"""The dense table in a real browser: its head stays, a review made elsewhere is in it, a length is
that of the whole answer."""

from pathlib import Path

import pytest

from tests.report.chromium import Page
from tests.report.page.test_browser import written
from tests.report.page.test_browser_cases import FOCUSED, LINES, TASK
from tests.synthetic import BASE, good, record, record_of, sample, values, with_text

pytestmark = pytest.mark.slow

HEAD = "document.querySelector('.dense thead th').getBoundingClientRect()"
ROW = "document.activeElement.closest('tr').getBoundingClientRect()"


def test_the_head_stays_while_lines_go_by(tab: Page, tmp_path: Path) -> None:
    tab.open(written(record(120), tmp_path), f"{TASK}&view=table")
    for key, code, times in (("j", 74, 50), ("k", 75, 40)):
        for _ in range(times):
            tab.press(key, code)
            assert tab.evaluate(f"{HEAD}.top >= 0 && {HEAD}.bottom <= {ROW}.top + 1")
            assert tab.evaluate(f"{ROW}.bottom <= innerHeight + 1"), "pixels are rounded"
    assert tab.evaluate(FOCUSED) == "pay-0010"
    tab.resize(390, 800)
    box = "document.querySelector('.dense .scroll')"
    assert tab.evaluate(f"{box}.scrollHeight <= {box}.clientHeight"), "the page scrolls alone"


def test_the_table_shows_a_review_made_alone(tab: Page, tmp_path: Path) -> None:
    tab.open(written(record(12), tmp_path), f"{TASK}&view=table&columns=review&case=pay-0002")
    tab.press("w", 87)
    tab.press("Escape", 27)
    cells = f"{LINES}.map((row) => row.cells[1].textContent)"
    assert tab.evaluate(cells)[:3] == ["", "after wrong", ""]
    assert tab.evaluate(FOCUSED) == "pay-0002"


def test_the_length_counts_characters_also_those_left_out(tab: Page, tmp_path: Path) -> None:
    value = values(1)[0]
    texts = ("\U0001f600" * 3, "x" * 30_000)
    found = [with_text(sample(BASE, n, value, good(value)), t) for n, t in enumerate(texts, 1)]
    tab.open(written(record_of([(BASE, found)]), tmp_path), f"{TASK}&view=table&columns=length")
    lengths = f"{LINES}.map((row) => row.cells[1].textContent)"
    assert tab.evaluate(lengths) == ["3", "30,000"]
