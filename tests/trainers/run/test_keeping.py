"""The adapter of the best evaluation is the output, also of a training that was interrupted."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import HarnessError
from tests.models import TINY_QWEN2
from tests.trainers.conftest import JSON_EXTRACTION
from trainers.run.train import train

WEIGHTS = "adapter_model.safetensors"


def result(recipe: Path, *overrides: str, **settings: Any) -> dict[str, Any]:
    train(str(recipe), overrides, **settings)
    found: dict[str, Any] = json.loads((recipe.parent / "out" / "training.json").read_text())
    return dict(found["result"])


@pytest.fixture
def recipe(write_recipe, rows_file, tmp_path) -> Path:
    """Its held-out answers become less likely with each step."""
    val = tmp_path / "val.jsonl"
    rows = [json.loads(line) for line in rows_file.read_text().splitlines()]
    val.write_text("".join(json.dumps({**r, "completion": "~#~#~#"}) + "\n" for r in rows[:4]))
    path: Path = write_recipe(
        data={"train": str(rows_file), "val": str(val)}, eval_steps=1, save_steps=1, max_steps=5,
        select="eval_loss",
    )  # fmt: skip
    return path


def test_the_output_is_the_checkpoint_of_the_lowest_loss(recipe, capsys) -> None:
    found = result(recipe)
    out = recipe.parent / "out"
    losses = {e["step"]: e["value"] for e in found["kept"]["evaluations"]}
    best = min(losses, key=lambda step: (losses[step], step))
    assert best < 5
    assert found["kept"]["step"] == best
    assert found["eval_loss"] == losses[best]
    assert found["steps"] == 5
    assert (out / WEIGHTS).read_bytes() == (out / f"checkpoint-{best}" / WEIGHTS).read_bytes()
    assert f"kept      step {best} of 5: eval_loss " in capsys.readouterr().out
    assert not (out / ".kept").exists()


def test_it_ends_early_and_does_not_go_on(recipe) -> None:
    found = result(recipe, "early_stopping_patience=1", "max_steps=9")
    assert found["steps"] == found["kept"]["step"] + 1
    out = recipe.parent / "out"
    partial = out.rename(recipe.parent / "out.partial")
    for path in partial.iterdir():
        path.unlink() if path.is_file() else None
    again = result(recipe, "early_stopping_patience=1", "max_steps=9", resume=True)
    assert (again["steps"], again["kept"]) == (found["steps"], found["kept"])
    assert again["adapter_sha256"] == found["adapter_sha256"]


def test_a_resumed_training_keeps_the_same_step(recipe) -> None:
    found = result(recipe)
    out, partial = recipe.parent / "out", recipe.parent / "out.partial"
    for step in (4, 1):
        shutil.copytree(out, partial)
        for path in partial.iterdir():
            if path.is_file():
                path.unlink()
            elif int(path.name.partition("-")[2]) > step:
                shutil.rmtree(path)
        shutil.rmtree(out)
        again = result(recipe, resume=True)
        assert again["adapter_sha256"] == found["adapter_sha256"]
        assert again["kept"] == found["kept"]
    shutil.copytree(out, partial)
    for path in partial.iterdir():
        path.unlink() if path.is_file() else None
    with pytest.raises(HarnessError, match="eval_steps was 1 and is 2"):
        train(str(recipe), ["eval_steps=2"], resume=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["data.val=[]", "eval_steps=null"], "select: needs data.val"),
        (["select=format_success_rate"], "format_success_rate needs task"),
        ([f"task={JSON_EXTRACTION}", "select=groundin"], "groundin is no behavior that json_extra"),
        (["select=null", "early_stopping_patience=2"], "early_stopping_patience: needs select"),
    ],
)
def test_what_cannot_be_selected_by_is_refused(recipe, changes, message) -> None:
    with pytest.raises(HarnessError, match=message):
        train(str(recipe), changes)


def test_a_behavior_is_selected_by(write_recipe, task_rows) -> None:
    recipe = write_recipe(
        base=str(TINY_QWEN2), data={"train": str(task_rows), "val": str(task_rows)}, eval_steps=2,
        task=str(JSON_EXTRACTION), watch_rows=4, select="json_validity", max_steps=4,
        learning_rate=2e-3,
    )  # fmt: skip
    found = result(recipe)
    rates = {e["step"]: e["value"] for e in found["kept"]["evaluations"]}
    assert list(rates) == [2, 4]
    assert found["kept"]["step"] == max(rates, key=lambda step: (rates[step], -step))
    assert found["behaviors"]["json_validity"]["rate"] == max(rates.values())
