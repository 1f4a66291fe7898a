"""What is decided of a recipe before torch is imported."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.tasks.task import load_task
from tests.trainers.conftest import JSON_EXTRACTION
from trainers.recipes.load import load
from trainers.run.preflight import with_task_template
from trainers.run.train import train

TASK = load_task(JSON_EXTRACTION)
ASKING = replace(TASK, template={"enable_thinking": False})


def test_rows_are_rendered_as_the_task_asks(write_recipe) -> None:
    file = load(str(write_recipe()))
    assert with_task_template(file, None) is file
    assert with_task_template(file, TASK) is file
    found = with_task_template(file, ASKING)
    assert found.recipe.template == {"enable_thinking": False}
    assert found.notes == ('template: {"enable_thinking": false}, with which json_extraction asks',)


def test_arguments_that_differ_from_the_tasks_are_refused(write_recipe) -> None:
    file = load(str(write_recipe(template={"enable_thinking": True})))
    for task, asked in ((ASKING, '{"enable_thinking": false}'), (TASK, "{}")):
        with pytest.raises(HarnessError, match=r"recipe.yaml:\d+: template: is .*true}, but the"):
            with_task_template(file, task)
        with pytest.raises(HarnessError, match=f"ask with {asked}: write that, or leave"):
            with_task_template(file, task)
    same = load(str(write_recipe(template={"enable_thinking": False})))
    assert with_task_template(same, ASKING) is same


def test_mistakes_of_a_recipe_and_of_the_files_it_names_are_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    files = "base: nowhere\nmethod: sft\noutput: out\ndata: {train: [none.jsonl]}\n"
    path.write_text(f"{files}lora: {{r: -1}}\nsave_step: 3\n")
    with pytest.raises(HarnessError) as raised:
        train(str(path))
    found = [mistake.removeprefix(f"{path}:") for mistake in raised.value.mistakes]
    assert [line.partition(":")[0] for line in found] == ["5", "6", "1", "4"]
    assert all("\n" not in line for line in found)
