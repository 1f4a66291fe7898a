"""A task whose cases bring whole conversations, through every part that reads a task."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.core.verdict import Outcome
from harness.tasks.check.grading import check_task
from harness.tasks.judging import judge_lines
from harness.tasks.task import load_task
from tests.project import Project

TASK = """\
description: Answer the last question in JSON.
output: {format: json, schema: schema.json, grounded: [/word]}
sampling: {max_new_tokens: 16}
budgets: {json_validity: 1.0, grounding: 1.0}
"""
TURNS = [
    {"role": "system", "content": "Be exact."},
    {"role": "user", "content": "Remember the word heron."},
    {"role": "assistant", "content": "I do."},
    {"role": "user", "content": "Which word was it?"},
]
ANSWER = {"word": "heron"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.task("recall", TASK)
    case = {"id": "heron", "messages": TURNS, "reference": ANSWER}
    made.write("tasks/recall/cases.jsonl", json.dumps(case))
    return made


def test_its_references_are_graded(project: Project) -> None:
    grade = check_task(project.root / "tasks/recall", None)
    assert grade.is_sound
    assert {row.behavior for row in grade.behaviors if row.passed} >= {"grounding", "schema_types"}


def test_an_answer_of_a_log_is_held_against_its_case(project: Project) -> None:
    task = load_task(project.root / "tasks/recall")
    for turns, is_own in ((TURNS, True), (TURNS[3:], False)):
        row = {"messages": [*turns, {"role": "assistant", "content": json.dumps(ANSWER)}]}
        (item,) = judge_lines([json.dumps(row).encode()], task)
        assert item.is_own_case is is_own
        grounded = Outcome.PASSED if is_own else Outcome.FAILED
        assert item.verdicts["grounding"].outcome is grounded


def test_an_answer_in_a_case_is_told_where_it_belongs(project: Project) -> None:
    answered = [*TURNS, {"role": "assistant", "content": "heron"}]
    project.write("tasks/recall/cases.jsonl", json.dumps({"id": "a", "messages": answered}))
    done = CliRunner().invoke(main, ["task", "check", str(project.root / "tasks/recall")])
    assert "messages: the last one must be the user's, its answer is the reference" in done.output


@pytest.mark.slow
def test_it_is_asked_recorded_and_reported(project: Project) -> None:
    for name in ("test_json_validity.py", "test_grounding.py"):
        project.bundled_suite(name)
    model = project.store({"heron": json.dumps(ANSWER)}, task="recall")
    done = project.pytest("suites", "--model", model, "--task", "recall")
    assert done.code == 0, done.out
    (sample,) = project.run().samples
    assert [(m.role, m.content) for m in sample.messages] == [
        (turn["role"], turn["content"]) for turn in TURNS
    ]
    page = project.root / "page.html"
    root = project.root / "reports/runs"
    shown = CliRunner().invoke(main, ["report", "--report-dir", str(root), "-o", str(page)])
    assert shown.exit_code == 0, shown.output
    assert "Remember the word heron." in page.read_text("utf-8")
