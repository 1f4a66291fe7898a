"""The answers of one run of ours in other tools' viewers, for the pictures of
docs/report-compared.md.

They are taken by ``python -m scripts.screenshots --peers FOLDER``, where FOLDER has `venv/` with
inspect-ai and pytest-html, and `node_modules/` with promptfoo.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from harness.core.record import RunRecord
from tests.report.chromium import Page

HERE = Path(__file__).parent
PROMPTFOO, INSPECT = "http://localhost:15500", "http://127.0.0.1:7575"
MAX_SECONDS = 60
SHOWN = 7
"""The place of the case that is shown alone, by its second model."""
SETTLED = 4.0
"""Seconds after which a viewer that loads its data in steps has shown them."""


def photograph(tab: Page, run: RunRecord, installed: Path, work: Path, folder: Path) -> None:
    """Judge the run's answers by each tool in `work` and take a picture of each first screen, and
    of one case."""
    cases = answers(run)
    (work / "answers.json").write_text(json.dumps(cases), "utf-8")
    peers = Peers(installed, work)
    peers.judge(cases)
    tab.prefer("light")
    tab.resize(1280, 920)
    with peers.serving():
        show(tab, f"{PROMPTFOO}/eval")
        tab.screenshot(folder / "peer-promptfoo.png")
        which = len(cases[0]["answers"]) * SHOWN + 1
        tab.evaluate(f"document.querySelectorAll('[aria-label^=\"View output\"]')[{which}].click()")
        time.sleep(SETTLED)
        tab.screenshot(folder / "peer-promptfoo-case.png")
        log = sorted(work.glob("logs/*.eval"))[1].name
        show(tab, f"{INSPECT}/#/tasks/{log}")
        tab.screenshot(folder / "peer-inspect.png")
        show(tab, f"{INSPECT}/#/tasks/{log}/samples/sample/{cases[SHOWN]['case']}/1/")
        tab.screenshot(folder / "peer-inspect-case.png")
    show(tab, (work / "pytest.html").as_uri())
    tab.screenshot(folder / "peer-pytest-html.png")


def answers(run: RunRecord) -> list[dict[str, Any]]:
    """Each case with its prompt, its reference and every model's answer."""
    found: dict[str, dict[str, Any]] = {}
    for s in run.samples:
        case = {
            "case": s.case_id,
            "prompt": s.messages[-1].content,
            "reference": s.reference,
            "answers": {},
        }
        name = s.model.rpartition("/")[2]
        found.setdefault(s.case_id, case)["answers"][name] = s.completion.text
    return list(found.values())


def show(tab: Page, url: str) -> None:
    tab.call("Page.navigate", url="about:blank")
    tab.call("Page.navigate", url=url)
    time.sleep(SETTLED)


class Peers:
    """The tools, installed in one folder, at work in another."""

    def __init__(self, installed: Path, work: Path) -> None:
        self.python = str(installed / "venv/bin/python")
        self.inspect = str(installed / "venv/bin/inspect")
        self.promptfoo = str(installed / "node_modules/.bin/promptfoo")
        self.work = work

    def judge(self, cases: list[dict[str, Any]]) -> None:
        (self.work / "promptfoo.json").write_text(json.dumps(configuration(cases)), "utf-8")
        self.run(self.promptfoo, "eval", "-c", "promptfoo.json", "--no-cache", "--no-table",
                 "--no-progress-bar", "--no-share", codes=(0, 100))  # fmt: skip
        self.run(self.python, str(HERE / "by_inspect.py"))
        self.run(self.python, "-m", "pytest", "-q", str(HERE / "by_pytest.py"), "--rootdir=.",
                 "-p", "no:cacheprovider", "-o", "addopts=", "--html=pytest.html",
                 "--self-contained-html", codes=(0, 1))  # fmt: skip

    def run(self, *words: str, codes: tuple[int, ...] = (0,)) -> None:
        done = subprocess.run(
            words, cwd=self.work, env=self.environment(), capture_output=True, text=True
        )
        if done.returncode not in codes:
            sys.exit(f"screenshots: {' '.join(words)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")

    def environment(self) -> dict[str, str]:
        said = ("TELEMETRY", "UPDATE", "REMOTE_GENERATION", "SHARING")
        return {
            **os.environ,
            **{f"PROMPTFOO_DISABLE_{name}": "1" for name in said},
            "PROMPTFOO_CONFIG_DIR": str(self.work / "promptfoo"),
            "ANSWERS": str(self.work / "answers.json"),
        }

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Both viewers that need a server, until the block ends."""
        commands = (
            [self.promptfoo, "view", "--no", "-p", PROMPTFOO.rpartition(":")[2]],
            [self.inspect, "view", "start", "--log-dir", "logs"],
        )
        with (self.work / "servers.txt").open("w") as said:
            started = [
                subprocess.Popen(c, cwd=self.work, env=self.environment(), stdout=said, stderr=said)
                for c in commands
            ]
            try:
                for url in (PROMPTFOO, INSPECT):
                    answered(url)
                yield
            finally:
                for process in started:
                    process.terminate()
                    process.wait()


def answered(url: str) -> None:
    until = time.monotonic() + MAX_SECONDS
    while True:
        try:
            urlopen(url).close()
        except URLError:
            if time.monotonic() > until:
                sys.exit(f"screenshots: nothing answers at {url}")
            time.sleep(0.2)
        else:
            return


def configuration(cases: list[dict[str, Any]]) -> dict[str, Any]:
    """A promptfoo evaluation of the stored answers: valid JSON of the schema, and right values."""
    fields = {"name": "string", "date": "string", "amount": "number"}
    schema = {
        "type": "object",
        "required": list(fields),
        "additionalProperties": False,
        "properties": {name: {"type": kind} for name, kind in fields.items()},
    }
    entries = "JSON.stringify(Object.entries(JSON.parse({})).sort())".format
    is_right = f"{entries('output')} === {entries('context.vars.reference')}"
    return {
        "description": "json_extraction",
        "prompts": ["{{prompt}}"],
        "providers": [
            {"id": f"file://{HERE}/provider.js", "label": name, "config": {"model": name}}
            for name in cases[0]["answers"]
        ],
        "defaultTest": {
            "assert": [
                {"type": "is-json", "value": schema, "metric": "format"},
                {"type": "javascript", "value": is_right, "metric": "right answers"},
            ]
        },
        "tests": [
            {
                "vars": {
                    "case": c["case"],
                    "prompt": c["prompt"],
                    "reference": json.dumps(c["reference"]),
                }
            }
            for c in cases
        ],
    }
