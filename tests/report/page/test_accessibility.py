"""The page as axe-core reads it: nothing to object to, in every scheme, width and state."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.grade import FieldGrade
from harness.core.record import RunRecord
from harness.gate.policy import GatePolicy
from harness.model_files.training_record import FILE, training_of
from harness.report.html import render
from harness.report.report import Report, report_on, with_noise
from tests.gating import pair
from tests.model_files.test_training_record import ADAPTER as TRAINED
from tests.model_files.test_training_record import model
from tests.needs import BROWSER, missing
from tests.parity.records import parity
from tests.report import axe
from tests.report.certain import with_logprobs
from tests.report.chromium import Page
from tests.report.hostile import EVERYTHING
from tests.report.page.cases.test_counterexamples import counterexample
from tests.report.page.charts.test_history import stored
from tests.report.page.test_field_rows import graded
from tests.report.test_html import hostile_record
from tests.synthetic import ADAPTER, BASE, BEHAVES, CHATTERS, record

pytestmark = pytest.mark.slow

OPENED = "for (const fold of document.querySelectorAll('details')) fold.open = true"


def everything() -> Report:
    """All sections at once: history, training, parity, noise, the smallest failing prompts."""
    before, after = pair(60, broke=6, fixed=2, failing=3)
    after = replace(after, counterexamples=(counterexample(), counterexample(EVERYTHING)))
    report = report_on(before, after, policy=GatePolicy())
    again = replace(pair(60, broke=3)[0], id="20261118-080000-cccc")
    report = with_noise(report, again)
    sha256 = json.loads((TRAINED / FILE).read_text())["result"]["adapter_sha256"]
    training = training_of(model(sha256), TRAINED)
    assert training is not None
    return replace(
        report,
        history=(stored(1), stored(3)),
        trainings={ADAPTER: training},
        parity=parity(EVERYTHING),
    )


def page_of(*runs: RunRecord) -> Report:
    return report_on(*runs, policy=GatePolicy())


def with_fields() -> Report:
    """Shares of two models, of many fields, with names that are long or look like markup."""
    odd = [FieldGrade(f"/{name}", 60, 40, 20) for name in ("<img src=x>", "w" * 300, "\u202eabc")]
    some = [FieldGrade(f"/f{i}", 60, 60, 60 - i) for i in range(30)]
    results = graded(BASE, *some), graded(ADAPTER, *some, *odd)
    return page_of(replace(record(60), results=(*record(60).results, *results)))


THREE = [(BASE, CHATTERS), ("gguf:out/m.gguf", BEHAVES), (ADAPTER, BEHAVES)]
PAGES: dict[str, Callable[[], Report]] = {
    "base and adapter": lambda: page_of(record(60)),
    "two runs": lambda: page_of(*pair(300, broke=14, fixed=4, failing=7)),
    "one model": lambda: page_of(record(60, [(BASE, CHATTERS)])),
    "three models": lambda: page_of(record(60, THREE)),
    "hostile": lambda: page_of(hostile_record(EVERYTHING)),
    "everything": everything,
    "fields": with_fields,
    "certainty": lambda: page_of(with_logprobs(record(60))),
    "certainty of hostile tokens": lambda: page_of(with_logprobs(hostile_record(EVERYTHING))),
}


@pytest.fixture(scope="module")
def script(request: pytest.FixtureRequest) -> str:
    found = axe.source(request.config.cache.mkdir("axe-core"))
    if found is None:
        missing(f"npm is missing, or did not bring axe-core {axe.VERSION}", BROWSER)
    return found


@pytest.fixture(scope="module", params=PAGES)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(render(PAGES[request.param]()), "utf-8")
    return path


@pytest.mark.parametrize("width", [390, 800, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_objects_to_nothing(
    tab: Page, script: str, written: Path, scheme: str, width: int
) -> None:
    tab.resize(width, 900)
    tab.prefer(scheme)
    tab.open(written)
    as_opened = axe.violations(tab, script)
    tab.evaluate(OPENED)
    tab.until("document.querySelectorAll('.bucket[open] .case').length > 1")
    opened = axe.violations(tab, script)
    if tab.evaluate("Boolean(document.querySelector('button.certainty'))"):
        tab.click("button.certainty")
        opened += axe.violations(tab, script)
    assert [str(v) for v in (*as_opened, *opened)] == []


@pytest.mark.parametrize("width", [390, 800, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_objects_to_no_view_of_the_cases(
    tab: Page, script: str, written: Path, scheme: str, width: int
) -> None:
    """The table with its columns, one case alone, the help, and folds by another behavior."""
    tab.resize(width, 900)
    tab.prefer(scheme)
    tab.open(written)
    tab.evaluate("document.querySelector('[data-view=table]').click()")
    tab.evaluate("document.querySelector('.dense .sort').click()")
    tab.evaluate(OPENED)
    found = axe.violations(tab, script)
    tab.evaluate("document.querySelector('.dense tbody a').click()")
    found += axe.violations(tab, script)
    tab.evaluate("document.querySelector('button.keyboard').click()")
    found += axe.violations(tab, script)
    assert [str(v) for v in found] == []


def test_a_fault_would_be_found(tab: Page, script: str, written: Path) -> None:
    tab.open(written)
    tab.evaluate("document.documentElement.removeAttribute('lang')")
    tab.evaluate("document.querySelector('h1').append(document.createElement('img'))")
    found = {(v.rule, v.impact) for v in axe.violations(tab, script)}
    assert {("html-has-lang", "serious"), ("image-alt", "critical")} <= found
