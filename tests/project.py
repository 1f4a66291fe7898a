"""A user's project in a temporary folder: a task, suites, stored runs, and pytest run over them.

pytest runs in a process of its own, as a user runs it; ``record:`` models make that quick, and so
does ``tests.forked``.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.core.completion import Completion, FinishReason
from harness.core.plan import Request, requests_for
from harness.core.record import ModelRecord, RunRecord, Sample, TaskRecord
from harness.records.runs import read_run, run_ids, write_run
from harness.tasks.kept import task_folder
from harness.tasks.task import load_task
from tests.forked import LOADED, clean_environment, python_module
from tests.models import ROOT

TASK = """\
description: Echo a word in JSON.
prompt: "Echo {word}."
output: {format: json, schema: schema.json}
sampling: {max_new_tokens: 16}
budgets: {json_validity: 0.75, no_extra_text: 0.75}
"""
SCHEMA = {
    "type": "object",
    "properties": {"word": {"type": "string"}},
    "required": ["word"],
    "additionalProperties": False,
}
GOOD = '{"word": "x"}'
FENCED = f"```json\n{GOOD}\n```"
WORDS = ("ant", "bee", "cat", "dog")


@dataclass(frozen=True)
class Outcome:
    """What a pytest session did, as a user sees it."""

    code: int
    out: str
    err: str

    def counts(self) -> dict[str, int]:
        """``{"passed": 2, "failed": 1}`` from pytest's last line."""
        last = [line for line in self.out.splitlines() if " in " in line][-1]
        return {
            word: int(n) for n, word in re.findall(r"(\d+) ([a-z]+)", last.partition(" in ")[0])
        }


class Project:
    """A folder with ``tasks/echo`` of four cases, and whatever a test adds to it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("pyproject.toml", '[tool.harness]\ntasks_dir = "tasks"\n')
        self.task("echo")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def task(self, name: str, text: str = TASK, words: Iterable[str] = WORDS) -> None:
        self.write(f"tasks/{name}/task.yaml", text)
        self.write(f"tasks/{name}/schema.json", json.dumps(SCHEMA))
        cases = [{"id": w, "variables": {"word": w}, "reference": {"word": w}} for w in words]
        self.write(f"tasks/{name}/cases.jsonl", "".join(json.dumps(c) + "\n" for c in cases))

    def suite(self, text: str, name: str = "test_own.py") -> None:
        self.write(f"suites/{name}", text)

    def bundled_suite(self, name: str) -> None:
        self.write(f"suites/{name}", (ROOT / "suites" / name).read_text("utf-8"))

    def json_suites(self, words: Iterable[str], budget: str) -> None:
        """A case for each word, judged by two bundled behaviors with this budget."""
        self.task("echo", TASK.replace("0.75", budget), words)
        self.bundled_suite("test_json_validity.py")
        self.bundled_suite("test_no_extra_text.py")

    def store(
        self,
        answers: Mapping[str, str | Completion | Sequence[str]] | str = GOOD,
        run: str = "stored",
        task: str = "echo",
    ) -> str:
        """Store a run that answered ``task`` so, a case of several answers as often; returns the
        ``--model`` that replays it."""
        loaded = load_task(task_folder(self.root / "tasks", task))
        given = {c.id: _repeats(answers, c.id) for c in loaded.cases}
        repeats = max(map(len, given.values()))
        tools = loaded.output.tools_text
        requests = requests_for(task, loaded.cases, loaded.sampling, repeats=repeats, tools=tools)
        samples = tuple(
            Sample(
                model="base:somewhere",
                task=task,
                case_id=request.case_id,
                prompt_sha256=request.prompt_sha256,
                messages=request.messages,
                completion=_completion(given[request.case_id][request.repeat], request),
                repeat=request.repeat,
            )
            for request in requests
            if request.repeat < len(given[request.case_id])
        )
        write_run(
            RunRecord(
                id=run,
                status="complete",
                created="2026-01-01T00:00:00Z",
                seconds=1.0,
                plan_fingerprint="",
                models=(ModelRecord("base:somewhere", "base", "somewhere"),),
                tasks=(
                    TaskRecord(
                        task,
                        "",
                        len(loaded.cases),
                        False,
                        loaded.cases_sha256,
                        None,
                        loaded.sampling,
                        {},
                        (),
                    ),
                ),
                samples=samples,
            ),
            self.root / "stored",
        )
        return f"record:stored/{run}"

    def pytest(
        self, *arguments: str, folder: str = "", is_forked: bool = True, **environment: str
    ) -> Outcome:
        """Run pytest in a folder of the project."""
        done = python_module(
            ("pytest", *LOADED, *arguments),
            self.root / folder,
            clean_environment(**environment),
            is_forked=is_forked,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def runs(self) -> list[RunRecord]:
        root = self.root / "reports/runs"
        return [read_run(root / run_id) for run_id in run_ids(root)]

    def run(self) -> RunRecord:
        """The only run there is."""
        (run,) = self.runs()
        return run


def _repeats(
    answers: Mapping[str, str | Completion | Sequence[str]] | str, case_id: str
) -> Sequence[str | Completion]:
    """Every answer to a case; none where it was not answered."""
    answer = answers if isinstance(answers, str) else answers.get(case_id, ())
    return [answer] if isinstance(answer, str | Completion) else answer


def _completion(answer: str | Completion, request: Request) -> Completion:
    if isinstance(answer, Completion):
        return replace(answer, case_id=request.case_id, repeat=request.repeat)
    return Completion(answer, FinishReason.STOP, request.case_id, request.repeat)


def json_project(root: Path) -> Project:
    """A project with two of the bundled suites: answers are JSON, and nothing else."""
    project = Project(root)
    project.bundled_suite("test_json_validity.py")
    project.bundled_suite("test_no_extra_text.py")
    return project
