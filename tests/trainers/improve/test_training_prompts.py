"""The rows of a round are the next ones, each prompt once, without those that are cases."""

from pathlib import Path

from harness.core.case import Message
from harness.tasks.task import load_task
from trainers.data.rows import TrainingRow
from trainers.improve.rounds import Improvement
from trainers.improve.training_prompts import window, without_cases, write_task


def rows(*prompts: str) -> list[TrainingRow]:
    return [TrainingRow((Message("user", p),), "a", f"f:{i}") for i, p in enumerate(prompts, 1)]


def test_rounds_take_turns_and_begin_again_at_the_end() -> None:
    found = rows("a", "b", "c", "d", "e")
    taken = [[r.where for r in window(found, number, 2)] for number in (1, 2, 3)]
    assert taken == [["f:1", "f:2"], ["f:3", "f:4"], ["f:5", "f:1"]]
    assert len(window(found, 2, 9)) == 5


def test_a_prompt_that_stands_twice_is_asked_once(loop: Improvement) -> None:
    found = without_cases(rows("a", "b", "a"), loop.tasks)
    assert len(found.rows) == 2
    assert found.left_out == 0


def test_the_rows_are_a_task_with_the_same_declarations(loop: Improvement, tmp_path: Path) -> None:
    prompts = without_cases(window(loop.rows, 1, 5), loop.tasks)
    write_task(prompts, loop.task, tmp_path / "own")
    written = load_task(tmp_path / "own" / "echo")
    assert [case.reference for case in written.cases] == [{"word": f"train{i}"} for i in range(4)]
    assert written.cases[0].id == "train.jsonl:2"
    assert written.required == loop.task.required
