"""One self-contained page: no request leaves it, nothing a model wrote can run in it.

The policy lets in exactly the stylesheet and the script that this file writes, by their hashes, so
that even markup that slipped through the escaping would be text.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from harness import __version__
from harness.gate.compare import Side
from harness.report.page.answers import is_long
from harness.report.page.charts import axis
from harness.report.page.embed import EmbeddedSide, embed
from harness.report.page.matrix import Pairs, all_pairs
from harness.report.page.page import task_views, training_views
from harness.report.page.parity_view import parity_view
from harness.report.page.text_limit import MAX_PAGE_BYTES, text_limits
from harness.report.page.visible import breakable, marked, plain, visible
from harness.report.report import Report
from harness.report.words import decision as decisions
from harness.report.words import numbers as words
from harness.report.words.labels import label_of
from harness.report.words.provenance import differing, environment_of, facts

ASSETS = Path(__file__).parent / "page/assets"
SUFFIX = ".html"
SCRIPTS = (
    "shown", "differences", "json", "keys", "case", "bucket", "filter", "task", "plots", "slices",
    "pair", "start",
)  # fmt: skip
"""The files that make up the page's one script, in this order: each uses what is before it."""


def render(report: Report) -> str:
    """The page as text, all of which UTF-8 can hold, its texts cut so that it is not too large."""
    page, pairs = "", all_pairs(report)
    for limit in text_limits(report):
        page = _rendered(report, limit, pairs)
        if len(page.encode()) <= MAX_PAGE_BYTES:
            break
    return page


def _rendered(report: Report, limit: int, pairs: Pairs) -> str:
    css, script = _asset("report.css"), _script()
    views, found = task_views(report, limit, pairs), facts(report)
    return _template().render(
        title=_title(report),
        policy=_policy(css, script),
        css=Markup(css),
        script=Markup(script),
        data=embed(
            (view.cases for view in views),
            [_embedded(report, side) for side in report.sides],
            [report.place(side) for side in report.pair],
        ),
        report=report,
        replayed=_embedded(report, report.after),
        tasks=views,
        trainings=training_views(report),
        labels=[label_of(report, side) for side in report.sides],
        facts=found,
        essential=[f.name for f in found if f.is_essential and f.differs],
        differing=differing(report),
        pair=[label_of(report, side) for side in report.pair],
        environment=environment_of(report),
        notes=_notes(report),
        parity=parity_view(report.parity),
        verdict=decisions.sentence(report.decision) if report.decision else "",
        version=__version__,
    )


def replay_command(side: EmbeddedSide, case_id: str, task: str, repeat: int = 0) -> str:
    """What asks a case again, for a shell; ``case.js`` writes the same."""
    words_of_it = ["harness", "replay", side.run, case_id, "--task", task]
    words_of_it += ["--model", side.model] if side.model else []
    words_of_it += ["--repeat", str(repeat)] if repeat else []
    return shell_command(words_of_it)


def shell_command(words_of_it: Sequence[str]) -> str:
    """The words as a shell reads them back, whatever is in them."""
    return " ".join(map(_quoted, words_of_it))


def _embedded(report: Report, side: Side) -> EmbeddedSide:
    """The last model of a run is the one whose answers a replay is set beside."""
    label = label_of(report, side)
    is_last = side.record.models[-1].ref == side.model
    model = "" if is_last else side.model
    return EmbeddedSide(label.name, side.model, side.record.id, model)


def _quoted(word: str) -> str:
    if re.fullmatch(r"[\w.:/-]+", word, re.ASCII):
        return word
    return "'" + word.replace("'", "'\\''") + "'"


def _title(report: Report) -> str:
    names = " and ".join(dict.fromkeys(t.name for run in report.runs for t in run.tasks))
    return f"{names or 'no task'}: run {report.name}"


def _notes(report: Report) -> list[str]:
    notes = [
        f"Run {run.id} was interrupted: its rates say nothing about the cases it did not reach."
        for run in report.runs
        if run.status == "partial"
    ]
    for run in report.runs:
        notes += [f"{model.ref}: {model.error}" for model in run.models if model.error is not None]
        notes += [f"{model.ref}: {line}" for model in run.models for line in model.warnings]
    if report.decision is not None and report.decision.refused:
        refused = report.decision.refused
        notes += [f"Not comparable: {decisions.unlike(found)}." for found in refused]
    return notes


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
    """One strict function of all scripts, so that the policy names one hash."""
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
        is_long=is_long,
        marked=marked,
        replay_command=replay_command,
        shell_command=shell_command,
        visible=visible,
        words=words,
    )
    return environment.get_template("report.html.jinja")


def _plain(value: object) -> object:
    """Every plain string on its way into the page: no control character, no lone surrogate."""
    return plain(value) if type(value) is str else value
