"""A browser for the tests that read a page in one."""

from collections.abc import Iterator

import pytest

from tests.needs import BROWSER, missing
from tests.report.chromium import Page, chromium, executable


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    if executable() is None:
        missing("Chromium is not installed", BROWSER)
    with chromium() as page:
        yield page


@pytest.fixture
def tab(browser: Page) -> Page:
    """The browser's tab as a reader finds it: scripts on, light, some 1200 pixels wide."""
    browser.call("Emulation.setScriptExecutionDisabled", value=False)
    browser.resize(1200, 900)
    browser.prefer("light")
    return browser
