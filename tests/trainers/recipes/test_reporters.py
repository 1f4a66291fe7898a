"""The curve reaches whatever transformers reports to."""

import json
import sys
from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from tests.models import TINY_QWEN2
from tests.trainers.conftest import JSON_EXTRACTION
from trainers.recipes.reporters import REPORTERS, missing
from trainers.run.train import train

WRITER = """\
import json
class SummaryWriter:
    def __init__(self, log_dir):
        self.file = open("scalars.jsonl", "a")
    def add_text(self, *args): pass
    def flush(self): self.file.flush()
    def close(self): self.file.close()
    def add_scalar(self, name, value, step):
        self.file.write(json.dumps([name, value, step]) + "\\n")
"""


def test_the_names_are_those_of_transformers() -> None:
    from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

    assert set(REPORTERS) == set(INTEGRATION_TO_CALLBACK)


def test_rates_and_intervals_reach_tensorboard(
    write_recipe, task_rows, tmp_path, monkeypatch
) -> None:
    module = tmp_path / "site" / "tensorboardX"
    module.mkdir(parents=True)
    (module / "__init__.py").write_text(WRITER)
    monkeypatch.syspath_prepend(str(module.parent))
    monkeypatch.chdir(tmp_path)
    recipe = write_recipe(
        base=str(TINY_QWEN2), data={"train": str(task_rows), "val": str(task_rows)}, max_steps=1,
        task=str(JSON_EXTRACTION), watch_rows=2, report_to="tensorboard", eval_steps=1,
    )  # fmt: skip
    try:
        train(str(recipe))
    finally:
        sys.modules.pop("tensorboardX", None)
    sent = {name: value for name, value, _ in _lines(tmp_path / "scalars.jsonl")}
    point = json.loads((tmp_path / "out" / "curves.jsonl").read_text().splitlines()[-1])
    own = point["behaviors"]["format_success_rate"]
    assert sent["eval/format_success_rate"] == own["rate"]
    assert [sent[f"eval/format_success_rate_{e}"] for e in ("low", "high")] == own["interval"]
    assert sent["eval/loss"] == point["eval_loss"]
    assert sent.keys() >= {"train/loss", "train/learning_rate", "train/grad_norm"}


def _lines(path: Path) -> list[list]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_is_not_installed_is_refused_before_anything_is_opened(write_recipe) -> None:
    if not list(missing(["trackio"])):
        pytest.skip("trackio is installed")
    with pytest.raises(HarnessError, match=r"report_to: trackio is not installed.*pip install tra"):
        train(str(write_recipe(report_to=["trackio"])))


def test_an_unknown_name_is_refused(write_recipe) -> None:
    with pytest.raises(HarnessError, match="no such program 'tensorbord', did you mean 'tensorb"):
        train(str(write_recipe(report_to="tensorbord")))


@pytest.mark.parametrize("nothing", ["none", []])
def test_nothing_may_be_said(write_recipe, nothing) -> None:
    from trainers.recipes.load import load

    assert load(str(write_recipe(report_to=nothing))).recipe.report_to is None
