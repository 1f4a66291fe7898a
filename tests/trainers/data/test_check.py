"""Rows are judged by the task that they are to teach."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.tasks.task import Task, load_task
from tests.models import ROOT
from trainers.data.check import check
from trainers.data.check_lines import check_lines

PROMPT = "Extract fields. Output ONLY valid JSON with keys name, date, amount.\nText: "
TEXT = "Ada Byron was sent $12.50 on 2024-03-01 for the train."
ANSWER = {"name": "Ada Byron", "date": "2024-03-01", "amount": 12.5}


@pytest.fixture(scope="module")
def task() -> Task:
    return load_task(ROOT / "fixtures/tasks/json_extraction")


def row(text: str = TEXT, answer: Any = ANSWER) -> dict[str, Any]:
    completion = answer if isinstance(answer, str) else json.dumps(answer)
    return {"prompt": [{"role": "user", "content": f"{PROMPT}{text}"}], "completion": completion}


def written(tmp_path: Path, *rows: Any) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return path


def test_sound_rows_are_sound(tmp_path: Path, task: Task) -> None:
    found = check([written(tmp_path, row())], task)
    assert found.is_sound
    lines = dict(check_lines(found, task))
    assert lines["verdict"] == "sound: the answers of 1 row pass the behaviors of json_extraction"
    assert lines["lengths"].startswith(f"prompts {len(PROMPT + TEXT)} characters, at most")


def test_answers_that_the_behaviors_reject_are_named(tmp_path: Path, task: Task) -> None:
    rows = [row(), row("x", f"Sure! {json.dumps(ANSWER)}"), row("y $12.50", {"name": "Z"})]
    path = written(tmp_path, *rows)
    found = check([path], task)
    assert {(f.where.rpartition(":")[2], f.behavior) for f in found.failed} >= {
        ("2", "no_extra_text"),
        ("3", "required_keys"),
        ("3", "grounding"),
    }
    assert not [failure for failure in found.failed if failure.where == f"{path}:1"]
    assert found.by_behavior["no_extra_text"] == 1
    assert ("fails", "no_extra_text: 1 answer") in check_lines(found, task)


def test_two_answers_to_a_prompt_are_shown(tmp_path: Path, task: Task) -> None:
    path = written(tmp_path, row(), row(answer={**ANSWER, "amount": 12.50}), row(answer="{}"))
    found = check([path], task)
    assert [(a.where, b.where) for a, b in found.ambiguous] == [(f"{path}:1", f"{path}:3")]
    lines = check_lines(found, task)
    assert ("ambiguous", "1 row has the prompt of another and another answer") in lines
    assert ("", f"{path}:3 and {path}:1") in lines


def test_cases_of_the_task_are_a_fault(tmp_path: Path, task: Task) -> None:
    case = task.cases[4]
    path = written(tmp_path, row(), row(str(case.variables["text"]), case.reference))
    found = check([path], task)
    assert not found.is_sound
    text = f"1 of the 300 cases of json_extraction is among the rows ({path}:2 is {case.id})"
    assert ("cases", text) in check_lines(found, task)


def test_a_preferred_answer_is_judged(tmp_path: Path, task: Task) -> None:
    pair = {"prompt": f"{PROMPT}{TEXT}", "chosen": json.dumps(ANSWER), "rejected": "no"}
    assert check([written(tmp_path, pair)], task).is_sound
    swapped = {**pair, "chosen": "no", "rejected": json.dumps(ANSWER)}
    assert not check([written(tmp_path, swapped)], task).is_sound
