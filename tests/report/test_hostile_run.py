"""A whole run of a hostile model, through every command and format, read by real parsers.

The task's case ids are hostile too, and one answer has ten million characters. What is written must
be UTF-8, well-formed in its format, free of characters that a terminal would act upon, and of a
size that whoever reads it accepts.
"""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from pyarrow import parquet

from harness.cli import main
from harness.parity.file import as_json, write_parity
from harness.records.runs import read_run
from harness.report.console import parity as parity_text
from harness.report.console.screen import as_text
from tests.parity.records import parity
from tests.project import GOOD, TASK, Outcome, Project
from tests.report.chromium import Page
from tests.report.hostile import EVERYTHING, HOSTILE

CASES = 48
TEN_MILLION = 10_000_000
OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
"""Characters that a terminal would act upon, or no text should hold, but newlines and tabs."""
COMMANDS = re.compile(r"^\s*::|##\[", re.MULTILINE)
"""Commands that a workflow's log would obey."""
COMMENT_CHARACTERS, SUMMARY_BYTES, PAGE_BYTES = 65_536, 1 << 20, 4_000_000


@dataclass(frozen=True)
class Hostile:
    """A project in which a good run and a hostile one were judged."""

    project: Project
    good: str
    bad: str
    sessions: tuple[Outcome, Outcome]

    def harness(self, *arguments: str, code: int = 0, **environment: str) -> str:
        """The output of one of our commands, checked for anything that a terminal would obey."""
        names = {"GITHUB_ACTIONS": None, "GITHUB_STEP_SUMMARY": None, "COLUMNS": None}
        done = CliRunner().invoke(main, [*arguments], env={**names, **environment})
        assert done.exit_code == code, (arguments, done.output[-2000:], done.exception)
        assert not OBEYED.search(done.stdout)
        return done.stdout

    def written(self, name: str) -> str:
        """A file that a command wrote, strictly as UTF-8."""
        return (self.project.root / name).read_bytes().decode("utf-8")


def texts() -> list[str]:
    """A hostile text for each case; the last is the longest."""
    found = [*HOSTILE, EVERYTHING, f"```json\n{EVERYTHING}\n```", f"{GOOD}\n{EVERYTHING}", ""]
    found = (found * (CASES // len(found) + 1))[: CASES - 1]
    return [*found, (EVERYTHING * (TEN_MILLION // len(EVERYTHING) + 1))[:TEN_MILLION]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    project = Project(tmp_path_factory.mktemp("hostile"))
    for name in ("test_json_validity.py", "test_no_extra_text.py"):
        project.bundled_suite(name)
    ids = [f"{number:02} {id_of(text)}" for number, text in enumerate(texts())]
    project.task("echo", TASK, ids)
    good = project.store(GOOD, "good")
    bad = project.store(dict(zip(ids, texts(), strict=True)), "bad")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.root)
        of_good = project.pytest("suites", "--model", good)
        first = project.run().id
        of_bad = project.pytest("suites", "--model", bad, "--junitxml", "pytest.xml")
        sessions = of_good, of_bad
        assert [s.code for s in sessions] == [0, 1], of_bad.out[-2000:]
        (second,) = {p.name for p in (project.root / "reports/runs").iterdir()} - {first}
        write_parity(parity(EVERYTHING), project.root / "reports/runs" / second)
        yield Hostile(project, first, second, sessions)


def id_of(text: str) -> str:
    """As much of a text as the id of a case can be: no lone surrogate, not too long."""
    return text.encode("utf-8", "ignore").decode()[:60]


def test_the_record_keeps_every_character(run: Hostile) -> None:
    kept = read_run(run.project.root / "reports/runs" / run.bad)
    assert [s.completion.text for s in kept.samples] == texts()


def test_the_session_says_it_safely(run: Hostile) -> None:
    session = run.sessions[1]
    assert "no_extra_text: " in session.out
    for said in (session.out, session.err):
        assert not OBEYED.search(said)
        assert not COMMANDS.search(said)
        assert len(said) < 200_000
    ElementTree.fromstring(run.written("pytest.xml"))


@pytest.mark.parametrize("names", ["bad", "good bad"])
def test_json_markdown_and_junit(run: Hostile, names: str) -> None:
    runs = [getattr(run, name) for name in names.split()]
    for kind in ("json", "markdown", "junit", "terminal", "html"):
        run.harness("report", *runs, "--format", kind, "-o", f"page.{kind}")
    found = json.loads(run.written("page.json"))
    assert len(found["runs"]) == len(runs)
    run.written("page.json").encode("ascii")
    run.written("page.junit").encode("ascii")
    suites = ElementTree.fromstring(run.written("page.junit"))
    assert len([*suites.iter("testcase")]) == CASES + len(runs) - 1
    sizes = {"json": 1_000_000, "markdown": SUMMARY_BYTES, "junit": 2_000_000,
             "terminal": 200_000, "html": PAGE_BYTES}  # fmt: skip
    for kind, most in sizes.items():
        text = run.written(f"page.{kind}")
        assert len(text.encode()) <= most, kind
        assert not OBEYED.search(text), kind
        # The others are documents that are parsed, and no lines of a log.
        assert kind not in ("markdown", "terminal") or not COMMANDS.search(text), kind


def test_tables_and_samples_hold_every_answer(run: Hostile) -> None:
    """The files are parsed by what reads them; half a character is an escape in them, and in CSV
    NUL, too."""
    for kind in ("csv", "parquet", "lm-eval"):
        run.harness("report", run.bad, "--format", kind, "-o", kind)
    whole = [text.encode("utf-8", "backslashreplace").decode() for text in texts()]
    rows = parquet.read_table(run.project.root / "parquet/completions.parquet")
    assert rows["text"].to_pylist() == whole
    limit = csv.field_size_limit(TEN_MILLION * 2)
    with (run.project.root / "csv/completions.csv").open(encoding="utf-8", newline="") as file:
        found = [row["text"].removeprefix("'") for row in csv.DictReader(file)]
    csv.field_size_limit(limit)
    assert found == [text.replace("\0", "\\x00") for text in whole]
    (samples,) = (run.project.root / "lm-eval").glob("*/samples_*.jsonl")
    answers = [json.loads(line)["resps"][0][0] for line in samples.read_text("ascii").splitlines()]
    assert answers == texts()


def test_the_gate_and_what_it_tells_machines(run: Hostile) -> None:
    said = run.harness("gate", run.good, run.bad, code=1)
    assert said.startswith("REGRESSION: format_success_rate fell from 100.0% ")
    assert not COMMANDS.search(said)
    assert json.loads(run.harness("gate", run.good, run.bad, "--json", code=1))["exit_code"] == 1
    done = CliRunner().invoke(
        main,
        ["gate", run.good, run.bad, "--comment", "comment.md", "--junit", "gate.xml"],
        env={"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "summary.md"},
    )
    assert done.exit_code == 1
    annotations = done.stderr.splitlines()
    assert len(annotations) == 10
    for line in annotations:
        assert re.match(r"::error (title|file)=", line)
        assert line.count("::") == 2
        assert not OBEYED.search(line)
    comment, summary = run.written("comment.md"), run.written("summary.md")
    assert len(comment) <= COMMENT_CHARACTERS
    assert len(summary.encode()) <= SUMMARY_BYTES
    for text in (comment, summary):
        assert not OBEYED.search(text)
        assert not COMMANDS.search(text)
        assert text.count("<details>") == text.count("</details>")
        assert text.count("<pre>") == text.count("</pre>")
    ElementTree.fromstring(run.written("gate.xml"))


def test_what_parity_says(run: Hostile) -> None:
    said = as_text(parity_text.shown(parity(EVERYTHING)), width=100)
    assert "tokens" in said
    assert not OBEYED.search(said)
    assert not COMMANDS.search(said)
    assert json.loads(as_json(parity(EVERYTHING)))["pairs"]
    assert "parity" in json.loads(run.harness("report", run.bad, "--format", "json", "-o", "-"))


def test_comparing_replaying_history_and_baselines(run: Hostile) -> None:
    said = [run.harness("compare", run.good, run.bad)]
    json.loads(run.harness("compare", run.good, run.bad, "--json"))
    for number, text in ((1, HOSTILE[1]), (CASES - 1, texts()[-1])):
        case = f"{number:02} {id_of(text)}"
        said.append(run.harness("replay", run.good, case, "--model", "record:stored/bad"))
        assert "Different: " in said[-1]
    said.append(run.harness("history", "no_extra_text"))
    said.append(run.harness("baseline", "save", "main", run.bad, "--texts"))
    said.append(run.harness("baseline", "show", "main"))
    said.append(run.harness("gate", "main", run.bad, code=10))
    for text in said:
        assert not COMMANDS.search(text)
        assert len(text) < 200_000


OPEN_ALL = """
for (const fold of document.querySelectorAll("details")) {
  fold.open = true;
  fold.dispatchEvent(new Event("toggle"));
}
for (const more of document.querySelectorAll("button.more")) more.click();
"""


@pytest.mark.slow
@pytest.mark.parametrize("names", ["bad", "good bad"])
@pytest.mark.parametrize("scripts", ["with scripts", "without scripts"])
def test_in_a_browser_nothing_runs_nothing_is_asked_for(
    run: Hostile, tab: Page, names: str, scripts: str
) -> None:
    page = run.project.root / "page.html"
    run.harness("report", *(getattr(run, n) for n in names.split()), "-o", str(page))
    tab.call("Emulation.setScriptExecutionDisabled", value=scripts == "without scripts")
    tab.open(page)
    for _ in range(3):  # A fold may hold folds, and a bucket more than it shows at first.
        tab.evaluate(OPEN_ALL)
        tab.evaluate("document.documentElement.scrollHeight")
    assert tab.evaluate("document.querySelectorAll('.case').length") >= 15
    assert tab.evaluate("document.getElementById('parity') !== null")
    assert tab.evaluate("window.owned") is None
    hrefs = tab.evaluate(
        "[...document.querySelectorAll('[href]')].map((a) => a.getAttribute('href'))"
    )
    assert all(href.startswith(("#", "data:,")) for href in hrefs)
    hosts = "img, iframe, object, embed, base, main script, main style, main link, form[action]"
    assert tab.evaluate(f"document.querySelectorAll('{hosts}').length") == 0
    handlers = (
        "[...document.getElementsByTagName('*')].flatMap((e) => e.getAttributeNames())"
        ".filter((n) => n.startsWith('on') || n === 'srcdoc' || n === 'src').length"
    )
    assert tab.evaluate(handlers) == 0
    assert (tab.problems, tab.requests, tab.dialogs) == ([], [], [])
    tab.call("Emulation.setScriptExecutionDisabled", value=False)
