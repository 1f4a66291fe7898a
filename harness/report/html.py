"""One self-contained page: no request leaves it, nothing a model wrote can run in it."""

from dataclasses import fields

from harness.report.page.cases.answers import is_long, label_of_verdict
from harness.report.page.cases.buckets import STATE_WORDS, buckets_of
from harness.report.page.cases.tokens import embed_tokens
from harness.report.page.charts.intervals import axis
from harness.report.page.commands import replay_command, shell_command
from harness.report.page.data import PageData, page_data
from harness.report.page.document import Document
from harness.report.page.matrix import all_pairs
from harness.report.page.text_limit import MAX_PAGE_BYTES, text_limits
from harness.report.page.visible import breakable, marked, visible, visible_token
from harness.report.report import Report
from harness.report.words import numbers as words

SUFFIX = ".html"
STYLES = ("report", "cases", "review", "certainty")
"""The stylesheets, in this order."""
SCRIPTS = (
    "shown", "address", "outcomes", "differences", "json", "listed", "keys", "copies", "certainty",
    "case", "bucket", "review", "filter", "dense", "alone", "task", "plots", "slices", "pair",
    "shortcuts", "start",
)  # fmt: skip
"""The files that make up the page's one script, in this order: each uses what is before it."""
FUNCTIONS = {
    "axis": axis,
    "breakable": breakable,
    "buckets_of": buckets_of,
    "is_long": is_long,
    "label_of_verdict": label_of_verdict,
    "marked": marked,
    "replay_command": replay_command,
    "shell_command": shell_command,
    "state_words": STATE_WORDS,
    "visible": visible,
    "visible_token": visible_token,
    "words": words,
}
"""What the template calls."""
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
    document = Document("report.html.jinja", STYLES, SCRIPTS)
    return document.render({f.name: getattr(data, f.name) for f in fields(data)}, FUNCTIONS)
