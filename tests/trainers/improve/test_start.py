"""Mistakes are found before anything is asked, and a loop goes on as it was begun or not at all."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import HarnessError
from harness.run.settings import Settings
from trainers.improve.rounds import Improvement
from trainers.improve.start import Sizes, improvement

SETTINGS = Settings(tasks_dir="tasks")


@pytest.fixture
def begin(project: Path) -> Any:
    """Begins the loop of a recipe of the project, whose base is a folder with an empty model."""
    for name in ("config.json", "model.safetensors"):
        Path("base").mkdir(exist_ok=True)
        (Path("base") / name).write_text("{}")

    def begin(*goals: str, rounds: int = 3, **changes: Any) -> Improvement:
        values = {"method": "sft", "base": "base", "output": "out", "max_steps": 5,
                  "data": {"train": "train.jsonl"}, **changes}  # fmt: skip
        lines = (f"{key}: {json.dumps(value)}\n" for key, value in values.items())
        Path("recipe.yaml").write_text("".join(lines))
        return improvement("recipe.yaml", (), "echo", goals, Sizes(rounds, 40, 4), SETTINGS)

    return begin


def test_a_loop_begins_with_all_rows_and_the_tasks_budgets(begin: Any) -> None:
    loop = begin()
    assert len(loop.rows) == 80
    assert loop.goals == {"json_validity": 0.9, "exact_fields": 0.8}
    assert loop.first_model == "base:base"
    assert loop.behaviors == ("exact_fields", "json_validity")


def test_it_goes_on_as_it_was_begun_or_not_at_all(begin: Any) -> None:
    assert begin().goals == begin().goals
    with pytest.raises(HarnessError, match=r"out/improve.json: was begun with another rounds: go"):
        begin(rounds=4)
    with pytest.raises(HarnessError, match="another recipe and goals"):
        begin("json_validity=0.5", learning_rate=0.5)


def test_the_adapter_of_the_first_round_is_no_reason_to_stop(begin: Any) -> None:
    begin()
    Path("out/round-1/adapter").mkdir(parents=True)
    Path("out/round-1/adapter/adapter_config.json").write_text("{}")
    assert begin().rounds == 3


def test_a_folder_of_something_else_is_left_alone(begin: Any) -> None:
    Path("out").mkdir()
    Path("out/mine.txt").write_text("")
    with pytest.raises(HarnessError, match="out: holds something else, name another output"):
        begin()


def test_preferences_are_no_prompts_to_answer(begin: Any) -> None:
    with pytest.raises(HarnessError, match=r"recipe.yaml:1: method: dpo reads no rows of prompt"):
        begin(method="dpo")


def test_what_would_stop_the_first_training_is_found_before(begin: Any) -> None:
    with pytest.raises(HarnessError, match="base") as found:
        begin(base="nowhere", data={"train": "none.jsonl"})
    assert len(found.value.mistakes) == 2
    assert not Path("out").exists()
