"""The page's scripts by themselves, in an empty page: each of their functions can be called."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from harness.report.html import SCRIPTS
from harness.report.page.document import ASSETS
from harness.report.page.embed import EmbeddedSide, embed
from tests.report.chromium import Page

Call = Callable[..., Any]
OWN_VALUE = """const plainly = (value) => value instanceof Map ? [...value] : value;
window.call = (name, parts) => JSON.stringify(plainly(eval(name)(...parts)) ?? null);"""


@pytest.fixture(scope="module")
def call(browser: Page) -> Call:
    """Calls a function of the scripts by its name, with values that JSON can hold."""
    browser.call("Page.navigate", url="about:blank")
    data = json.dumps(embed((), [EmbeddedSide("m", "base:m", "run", "")], [0]))
    browser.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), "
        f"{{ id: 'data', type: 'application/json', textContent: {data} }}))"
    )
    parts = [(ASSETS / f"{name}.js").read_text("utf-8") for name in SCRIPTS if name != "start"]
    browser.evaluate("\n".join(["(() => {", *parts, OWN_VALUE, "})(); null"]))

    def called(name: str, *values: object) -> Any:
        return json.loads(browser.evaluate(f"call({json.dumps(name)}, {json.dumps(values)})"))

    return called
