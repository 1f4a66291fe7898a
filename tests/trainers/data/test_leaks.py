"""Cases of the suites among training rows are told before the training, and kept in a sketch."""

import json
from pathlib import Path

import pytest

from harness.core.case import Message
from harness.model_files.training_sketch import FILE, read_sketch, trained_cases
from harness.tasks.task import load_task
from trainers.data.leaks import Prompt, find_leaks, leak_notes, write_sketch

TASK = """
description: Read a sentence.
prompt: "Extract the name from the text below. Output only JSON.\\nText: {text}"
output: {format: json}
budgets: {json_validity: 0.9}
"""


def sentence(number: int) -> str:
    return " ".join(f"w{number}x{i}" for i in range(8))


def prompt(text: str) -> Prompt:
    asked = f"Extract the name from the text below. Output only JSON.\nText: {text}"
    return (Message("system", "Be brief."), Message("user", asked))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the task ``read`` of 30 cases."""
    folder = tmp_path / "fixtures/tasks/read"
    folder.mkdir(parents=True)
    (folder / "task.yaml").write_text(TASK)
    cases = ({"id": f"c{i}", "variables": {"text": sentence(i)}} for i in range(30))
    (folder / "cases.jsonl").write_text("".join(json.dumps(case) + "\n" for case in cases))
    return tmp_path


PROMPTS = [
    *(prompt(sentence(i)) for i in range(100, 180)),
    prompt(sentence(3)),
    prompt(sentence(5).upper() + "!"),
    prompt(sentence(7).replace("w7x7", "other")),
    f"plain text of one case: {sentence(9)}",
]
PLACES = [f"f:{i}" for i in range(1, len(PROMPTS) + 1)]


def test_cases_are_found_by_their_words(project: Path) -> None:
    task = load_task(project / "fixtures/tasks/read")
    found = [(leak.case_id, leak.rows, leak.likeness) for leak in find_leaks(PROMPTS, [task])]
    assert found == [
        ("c3", (80,), "exact"),
        ("c5", (81,), "normalised"),
        ("c7", (82,), "near"),
        ("c9", (83,), "near"),
    ]


def test_a_training_says_which_cases_of_the_project_it_has(project: Path) -> None:
    (note,) = leak_notes(PROMPTS, PLACES, project)
    assert note.startswith(
        "4 of the 30 cases of read are among the training rows (f:81 is c3): their rates will"
    )
    assert leak_notes(PROMPTS[:80], PLACES, project) == []
    assert leak_notes(PROMPTS, PLACES, project / "fixtures") == []


def test_broken_tasks_stop_no_training(project: Path) -> None:
    (project / "fixtures/tasks/read/task.yaml").write_text("promt: x")
    (note,) = leak_notes(PROMPTS, PLACES, project)
    assert note.startswith("the rows were not compared with the tasks' cases: ")


def test_the_sketch_beside_an_adapter_finds_the_same_cases(project: Path, tmp_path: Path) -> None:
    write_sketch(PROMPTS, tmp_path)
    sketch = read_sketch(tmp_path / FILE)
    task = load_task(project / "fixtures/tasks/read")
    found = trained_cases(sketch, [case.prompt for case in task.cases], task.prompt_parts)
    assert [task.cases[match.index].id for match in found] == ["c3", "c5", "c7", "c9"]
