"""Another process judges the checkpoints of a training as the training itself would."""

import io
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from harness.cli.train import command
from harness.core.errors import HarnessError
from tests.models import TINY_QWEN2
from tests.trainers.conftest import JSON_EXTRACTION
from trainers.run.quiet import quiet
from trainers.run.train import train


def points(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "curves.jsonl").read_text().splitlines()]


def watched(folder: Path, *overrides: str, **settings: Any) -> str:
    from trainers.run.watch_only import watch

    screen = io.StringIO()
    with quiet():
        watch(folder, overrides, Console(file=screen), **settings)
    return screen.getvalue()


def no_wait(seconds: float) -> None:
    raise AssertionError("it waits for more")


@pytest.fixture
def out(write_recipe, task_rows, tmp_path) -> Path:
    """A training with three checkpoints, at each of which it was evaluated."""
    recipe = write_recipe(
        base=str(TINY_QWEN2), data={"train": str(task_rows), "val": str(task_rows)}, max_steps=3,
        task=str(JSON_EXTRACTION), watch_rows=3, eval_steps=1, save_steps=1, learning_rate=2e-3,
    )  # fmt: skip
    train(str(recipe))
    return tmp_path / "out"


def test_a_finished_training_is_judged_as_it_was_while_training(out) -> None:
    said = watched(out, wait=no_wait)
    assert "step      1: format_success_rate " in said
    folder = out.with_name("out.watched")
    own = [(p["step"], p["behaviors"]) for p in points(out) if "behaviors" in p]
    assert [(p["step"], p["behaviors"]) for p in points(folder)] == own
    assert (folder / "answers.jsonl").read_text() == (out / "answers.jsonl").read_text()
    again = watched(out, wait=no_wait)
    assert again.startswith("watched   3 checkpoints, in ")
    assert len(points(folder)) == 3


def test_it_waits_for_more_and_passes_over_what_is_damaged_or_removed(
    out, tmp_path, monkeypatch
) -> None:
    from trainers.run import watch_only

    partial, later = tmp_path / "out.partial", tmp_path / "later"
    out.rename(partial)
    (partial / "process").write_text(str(os.getppid()))
    (partial / ".writing" / "checkpoint-9").mkdir(parents=True)
    (partial / "checkpoint-3").rename(later)
    weights = partial / "checkpoint-2" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    names = watch_only._names
    monkeypatch.setattr(watch_only, "_names", lambda output: ["checkpoint-0", *names(output)])
    waits = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 1:
            later.rename(partial / "checkpoint-3")
        else:
            (partial / "process").unlink()
            partial.rename(out)

    said = watched(partial, wait=wait)
    assert len(waits) == 2
    assert said.count("checkpoint-0 is passed over: it was removed") == 1
    assert said.count("checkpoint-2 is passed over: checkpoint.json: adapter_model.safe") == 1
    assert [p["step"] for p in points(tmp_path / "out.watched")] == [1, 3]


def test_once_does_not_wait_and_other_prompts_may_be_asked(out, tmp_path) -> None:
    partial = out.rename(tmp_path / "out.partial")
    (partial / "process").write_text(str(os.getppid()))
    shutil.rmtree(partial / "checkpoint-2")
    shutil.rmtree(partial / "checkpoint-3")
    watched(out, "watch_rows=2", once=True, wait=no_wait)
    (point,) = points(tmp_path / "out.watched")
    assert point["behaviors"]["format_success_rate"]["judged"] == 2


def test_what_cannot_be_judged_is_refused(out, tmp_path) -> None:
    with pytest.raises(HarnessError, match=r"holds the recipe\.json of a training"):
        watched(tmp_path / "elsewhere")
    recipe = out / "recipe.json"
    values = json.loads(recipe.read_text())
    recipe.write_text(json.dumps({**values, "task": None}))
    with pytest.raises(HarnessError, match="has no task, say --set task="):
        watched(out)


@pytest.mark.parametrize(
    "arguments", [[], ["recipe", "--watch-only", "out"], ["recipe", "--once"], ["--once"]]
)
def test_a_recipe_or_a_training_is_named(arguments) -> None:
    assert CliRunner().invoke(command, arguments).exit_code == 2
