"""``harness improve`` as a user types it, on the tiny model."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fixtures.datasets.writing import write_dataset
from harness.cli import main
from harness.tasks.task import load_task
from tests.models import ROOT, TASKS, TINY_QWEN2
from trainers.data.leaks import find_leaks
from trainers.data.reading import read_rows
from trainers.improve import rounds
from trainers.run.train import train

RECIPE = {
    "method": "sft",
    "base": str(TINY_QWEN2),
    "adapter": "weak",
    "output": "out",
    "data": {"train": "data/train.jsonl"},
    "learning_rate": 1e-3,
    "max_steps": 30,
    "per_device_train_batch_size": 16,
    "warmup_steps": 0.1,
    "max_length": 256,
    "dtype": "float32",
    "threads": 1,
}


@pytest.fixture(scope="module")
def weak(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with training rows and an adapter that was trained too little: about 40%."""
    folder = tmp_path_factory.mktemp("weak")
    write_dataset("json_extraction", 2000, 0, folder / "data")
    steps = ("max_steps=14", "warmup_steps=3", f"output={folder / 'weak'}")
    places = (f"base={TINY_QWEN2}", f"data.train={folder / 'data/train.jsonl'}")
    train("json_extraction_tiny", [*steps, *places])
    return folder


@pytest.fixture
def project(weak: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("weak", "data"):
        (tmp_path / name).symlink_to(weak / name)
    (tmp_path / "pyproject.toml").write_text(f"[tool.harness]\ntasks_dir = {str(TASKS)!r}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def improve(*arguments: str, **changes: Any) -> Result:
    values = {**RECIPE, **changes}
    Path("recipe.yaml").write_text("".join(f"{k}: {json.dumps(v)}\n" for k, v in values.items()))
    suites = ("--suites", str(ROOT / "suites"))
    return CliRunner().invoke(
        main, ["improve", "recipe.yaml", "--task", "json_extraction", *suites, *arguments]
    )


def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path("out/ledger.jsonl").read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["rft", "dpo", "grpo"])
def test_each_method_mends_an_under_trained_adapter(
    project: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """From about 40% to 95% of 300 cases that neither were mined nor trained on."""
    real = rounds.choices
    monkeypatch.setattr(rounds, "choices", lambda *a: [c for c in real(*a) if c.method == method])
    asked = ("--until", "format_success_rate=0.95", "--rounds", "1", "--prompts", "400")
    result = improve(*asked)
    assert result.exit_code == 0, result.output
    (only,) = lines()
    assert (only["method"], only["is_kept"], only["outcome"]) == (method, True, "pass")
    assert "rose from 39.0% to 9" in only["sentence"] or "to 100.0%" in only["sentence"]
    assert only["trained_cases"] == 0
    prompts = [
        tuple(row.prompt for row in read_rows(Path("data/train.jsonl"))[0]),
        tuple(case.messages for case in load_task(Path("out/round-1/tasks/json_extraction")).cases),
    ]
    for own in prompts:
        assert find_leaks(own, [load_task(TASKS / "json_extraction")]) == []
    assert Path("out/round-1/report.html").is_file()
    # The same command again has nothing left to do.
    assert "all goals are met" in improve(*asked).output
    assert len(lines()) == 1


@pytest.mark.slow
def test_a_round_that_loses_is_rejected(project: Path) -> None:
    result = improve("--rounds", "1", "--prompts", "60", learning_rate=0.1, max_steps=6)
    assert result.exit_code == 1, result.output
    (only,) = lines()
    assert (only["is_kept"], only["outcome"]) == (False, "regression")
    assert "round 1 is rejected: REGRESSION" in result.output
    assert result.output.rstrip().endswith("model: adapter:weak")


def test_mistakes_come_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(f"[tool.harness]\ntasks_dir = {str(TASKS)!r}\n")
    result = improve("--until", "format_success_rate=2")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "harness: recipe.yaml:3: adapter: weak is not there",
        "harness: recipe.yaml:5: data.train: there is no file data/train.jsonl, correct the path",
    ]
    assert not Path("out").exists()
