"""One self-contained page: no request leaves it, nothing a model wrote can run in it.

The policy lets in exactly the stylesheet and the script that this file writes, by their hashes, so
that even markup that slipped through the escaping would be text.
"""

import base64
import hashlib
from dataclasses import fields
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from harness import __version__
from harness.report.page.cases.answers import is_long, label_of_verdict
from harness.report.page.cases.buckets import STATE_WORDS, buckets_of
from harness.report.page.cases.tokens import embed_tokens
from harness.report.page.charts.intervals import axis
from harness.report.page.commands import replay_command, shell_command
from harness.report.page.data import PageData, page_data
from harness.report.page.matrix import all_pairs
from harness.report.page.text_limit import MAX_PAGE_BYTES, text_limits
from harness.report.page.visible import breakable, marked, plain, visible
from harness.report.report import Report
from harness.report.words import numbers as words

ASSETS = Path(__file__).parent / "page" / "assets"
SUFFIX = ".html"
STYLES = ("report", "cases", "review", "certainty")
"""The stylesheets, in this order."""
SCRIPTS = (
    "shown", "address", "outcomes", "differences", "json", "keys", "copies", "certainty", "case",
    "bucket", "review", "filter", "dense", "alone", "task", "plots", "slices", "pair", "shortcuts",
    "start",
)  # fmt: skip
"""The files that make up the page's one script, in this order: each uses what is before it."""
END = "</script>"
TOKENS = f'<script type="application/json" id="tokens">{END}'
"""The element that is filled with as much as the page has room for, once the rest is written. No
text of a model can look like it: none has a ``<`` there."""


def render(report: Report) -> str:
    """The page as text that UTF-8 can hold; long texts of a model are cut to limit its size."""
    pairs = all_pairs(report)
    for limit in text_limits(report):
        data = page_data(report, limit, pairs)
        page = _rendered(data)
        left = MAX_PAGE_BYTES - len(page.encode())
        if left >= 0:
            break
    if not data.has_tokens:
        return page
    tokens = embed_tokens([view.cases for view in data.tasks], left)
    head, element, rest = page.rpartition(TOKENS)
    return f"{head}{element.removesuffix(END)}{tokens}{END}{rest}"


def _rendered(data: PageData) -> str:
    css, script = "".join(_asset(f"{name}.css") for name in STYLES), _script()
    return _template().render(
        **{field.name: getattr(data, field.name) for field in fields(data)},
        policy=_policy(css, script),
        css=Markup(css),
        script=Markup(script),
        version=__version__,
    )


def _policy(css: str, script: str) -> str:
    return "; ".join(
        [
            "default-src 'none'",
            f"style-src '{_digest(css)}'",
            f"script-src '{_digest(script)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _script() -> str:
    """All scripts as one strict function, so that the policy names one hash."""
    parts = "\n".join(_asset(f"{name}.js") for name in SCRIPTS)
    return f'"use strict";\n(() => {{\n{parts}}})();\n'


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_plain,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        axis=axis,
        breakable=breakable,
        buckets_of=buckets_of,
        is_long=is_long,
        label_of_verdict=label_of_verdict,
        marked=marked,
        replay_command=replay_command,
        shell_command=shell_command,
        state_words=STATE_WORDS,
        visible=visible,
        words=words,
    )
    return environment.get_template("report.html.jinja")


def _plain(value: object) -> object:
    """Makes every plain string that the template writes free of control characters and lone
    surrogates."""
    return plain(value) if type(value) is str else value
