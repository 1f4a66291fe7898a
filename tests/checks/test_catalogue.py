"""The folder of checks is the catalogue: a file more is a behavior more, for every command."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from harness.checks import listing
from harness.checks.declared.output import Format, Output
from harness.tasks.check.corruptions.defect import CALLS, EDGES, SYNTAX, TOOL
from tests.models import ROOT
from tests.project import Project, clean_environment

TASK = """\
description: Write a note.
prompt: "{text}"
output: {format: text}
required: [one_line]
budgets: {one_line: 0.5}
"""
CHECK = '''\
"""Judges that an answer is one line."""

from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("text",)


@dataclass(frozen=True, slots=True)
class OneLine:
    """Rejects an answer with a line break."""

    def judge(self, case: Case, completion: Completion) -> Verdict:
        place = completion.text.find("\\n")
        if place < 0:
            return Verdict.passed()
        return Verdict.failed(FailureCode.SCHEMA_OTHER, "found a line break", (place, place + 1))


def check_for(output: Output) -> OneLine:
    return OneLine()
'''
SUITE = """\
import pytest

from harness import check
from harness.checks import one_line


@pytest.mark.behavior(needs=one_line.NEEDS)
def test_one_line(completion, task):
    check(one_line.check_for(task.output), completion, task)
"""


class Copy:
    """A project, and a copy of the package with one check file and one suite more."""

    def __init__(self, root: Path) -> None:
        self.project = Project(root / "project")
        self.package = root / "package"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "harness", self.package / "harness", ignore=ignored)
        (self.package / "harness/checks/one_line.py").write_text(CHECK, "utf-8")
        shutil.copytree(ROOT / "suites", self.project.root / "suites", ignore=ignored)
        self.project.suite(SUITE, "test_one_line.py")
        self.project.write("tasks/note/task.yaml", TASK)
        self.cases({"a": "Fine.", "b": "Good."})
        self.good = self.project.store({"a": "Fine.", "b": "Good."}, "good", "note")
        self.long = self.project.store({"a": "Fine.", "b": "Good.\nBye."}, "long", "note")

    def cases(self, references: dict[str, str]) -> None:
        cases = [
            {"id": name, "variables": {"text": name}, "reference": reference}
            for name, reference in references.items()
        ]
        lines = "".join(json.dumps(case) + "\n" for case in cases)
        self.project.write("tasks/note/cases.jsonl", lines)

    def harness(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "harness", *arguments],
            cwd=self.project.root,
            env=clean_environment(PYTHONPATH=str(self.package)),
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Copy:
    return Copy(tmp_path_factory.mktemp("catalogue"))


def test_the_suite_of_a_check_has_three_lines():
    _, _, test = SUITE.partition("\n\n\n")
    assert len(test.splitlines()) == 3


def test_pytest_judges_by_a_new_file(copy):
    models = ("--model", copy.good, "--model", copy.long)
    outcome = copy.project.pytest("suites", *models, "--task", "note", PYTHONPATH=str(copy.package))
    assert outcome.code == 0, outcome.out
    found = [r for r in copy.project.run().results if r.behavior == "one_line"]
    assert [(r.task, r.rate, r.met, r.codes) for r in found] == [
        ("note", 1.0, True, {}),
        ("note", 0.5, True, {"schema_other": 1}),
    ]


def test_harness_judge_judges_by_a_new_file(copy):
    answers = copy.project.write("answers.jsonl", '{"id": "a", "completion": "1\\n2"}\n')
    (line,) = copy.harness("judge", "--task", "tasks/note", str(answers)).splitlines()
    verdict = json.loads(line)["verdicts"]["one_line"]
    assert (verdict["reason"], verdict["span"]) == ("found a line break", [1, 2])


def test_harness_parity_judges_by_a_new_file(copy):
    found = copy.harness("parity", copy.good, copy.long, "--task", "note", "--format", "json")
    (answers,) = json.loads(found)["pairs"][0]["answers"]
    flips = {flip["behavior"]: flip["regressed"] for flip in answers["flips"]}
    assert (flips["one_line"], flips["repetition"]) == (1, 0)


def test_harness_task_check_knows_a_new_file(copy):
    """Corrupted references do not hold it: its file does not say what breaks it."""
    copy.cases({"a": "Fine.", "b": "Good."})
    found = copy.harness("task", "check", "tasks/note")
    assert "tasks/note: sound, 2 of 2 references pass" in found
    assert ["one_line", "2", "of", "2", "0"] in [line.split() for line in found.splitlines()]
    assert "note: no corruption breaks one_line: whether it can fail is not shown" in found
    copy.cases({"a": "Fine.", "b": "Good.\nBye."})
    assert "case b: the reference fails one_line: found a line" in copy.harness(
        "task", "check", "tasks/note"
    )


@pytest.mark.parametrize("name", listing())
def test_a_file_says_what_the_commands_ask_of_it(name):
    behavior = listing()[name]
    words = {"latency", "memory", "variety", "edges", "json_text", *get_args(Format)}
    words |= {key for form in get_args(Format) for key in Output.parts_of(form)}
    assert behavior.needs <= words
    assert (behavior.broken_by or frozenset()) <= {CALLS, EDGES, SYNTAX, TOOL}
    assert (behavior.check_for is None) is (behavior.broken_by is None)
    assert (ROOT / "harness/checks" / f"{name}.py").is_file()
    suites = "".join(path.read_text("utf-8") for path in (ROOT / "suites").glob("test_*.py"))
    assert f"def test_{name}(" in suites
