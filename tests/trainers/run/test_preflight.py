"""What is decided of a recipe before torch is imported."""

from dataclasses import replace

import pytest

from harness.core.errors import HarnessError
from harness.tasks.task import load_task
from tests.trainers.conftest import JSON_EXTRACTION
from trainers.recipes.load import load
from trainers.run.preflight import with_task_template

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
