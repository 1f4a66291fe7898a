"""Every bundled recipe fits the installed libraries, and its tiny twin trains."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.datasets.writing import write_dataset
from harness.gate.compare import Side
from harness.gate.decision import decide
from harness.gate.outcome import GateOutcome
from harness.gate.policy import GatePolicy
from harness.tasks.task import load_task
from tests.models import ROOT, TASKS, TINY_GPT2, TINY_QWEN2
from trainers.data.reading import read_rows
from trainers.improve.commands import Processes
from trainers.improve.rounds import is_gain
from trainers.improve.training_prompts import (
    TrainingPrompts,
    mined,
    without_cases,
    write_rows,
    write_task,
)
from trainers.recipes.load import BUNDLED, load
from trainers.run.train import train

NAMES = sorted(path.stem for path in BUNDLED.glob("*.yaml"))
LARGE = [name for name in NAMES if "tiny" not in name and "smollm2" not in name]
TWIN = ("max_steps=2", "max_length=96", "threads=1", "logging_steps=1", "save_steps=1")
"""What a tiny base needs otherwise."""


def test_the_five_systems_have_recipes() -> None:
    assert {"credit_letters_cpu", "strict_json_4gb", "coder_7b_cpu", "assistant_7b_sft",
            "assistant_7b_dpo", "fan_timeline_dialogpt"} <= set(LARGE)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_its_first_line_runs_it_and_every_number_is_explained(name: str) -> None:
    lines = (BUNDLED / f"{name}.yaml").read_text().splitlines()
    assert lines[:2] == [
        "# yaml-language-server: $schema=recipe.schema.json",
        f"# harness train trainers/recipes/{name}.yaml",
    ]
    assert load(name).recipe.data.make
    knobs = [line for line in lines if line.startswith(("  r:", "learning_rate:", "max_length:",
             "per_device_train_batch_size:", "gradient_accumulation_steps:"))]  # fmt: skip
    assert len(knobs) == 5
    assert all("# " in knob for knob in knobs)


@pytest.mark.parametrize("name", NAMES)
def test_it_fits_the_installed_libraries(name: str, tmp_path: Path) -> None:
    import trl
    from peft import LoraConfig

    from trainers.run.arguments import arguments
    from trainers.run.exchange import Exchange
    from trainers.run.processes import Processes

    recipe: Any = load(name).recipe
    base = SimpleNamespace(device="cpu", dtype="bfloat16")
    val, alone = recipe.data.val or None, Exchange(Processes())
    job: Any = SimpleNamespace(recipe=recipe, base=base, val=val, exchange=alone)
    passed = arguments(job, tmp_path)
    config = getattr(trl, f"{recipe.method.upper()}Config")(**passed)
    for key in set(type(recipe).model_fields) & set(passed):
        if (value := getattr(recipe, key)) is not None:
            assert getattr(config, key) == value
    LoraConfig(**recipe.lora.model_dump())


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] if "7b" in name else []) for name in LARGE],
)
def test_its_tiny_twin_trains(name, tmp_path, gpt2_base, rows_file, pairs_file, capsys) -> None:
    recipe = load(name).recipe
    if recipe.quantize != "none":
        pytest.importorskip("bitsandbytes")
    rows = pairs_file if recipe.method == "dpo" else rows_file
    base = gpt2_base if "dialogpt" in name else TINY_QWEN2
    is_second = recipe.fallback_base is not None
    settings = [
        *TWIN, f"{'fallback_base' if is_second else 'base'}={base}", f"output={tmp_path / 'out'}",
        f"data.train={rows}", f"data.val={rows}",
    ]  # fmt: skip
    if recipe.method == "dpo":
        settings.append("max_prompt_length=48")
    train(name, settings)
    record = json.loads((tmp_path / "out" / "training.json").read_text())
    assert record["result"]["steps"] == 2
    assert record["base"]["quantize"] == recipe.quantize
    assert record["result"]["eval_loss"] is not None
    assert (tmp_path / "out" / "checkpoint-2" / "checkpoint.json").is_file()
    if is_second:
        assert "is not there, so" in capsys.readouterr().out


GAINING = (
    "max_length=400", "threads=1", "per_device_train_batch_size=16", "num_train_epochs=1",
    "gradient_accumulation_steps=1", "warmup_steps=0.1", "activation_checkpointing=false",
)  # fmt: skip
"""Settings of a twin that learns in a minute: enough steps of enough rows."""


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Judges a model over a task, in a project in a temporary folder."""
    (tmp_path / "pyproject.toml").write_text(f"[tool.harness]\ntasks_dir = {str(TASKS)!r}\n")
    monkeypatch.chdir(tmp_path)

    def of(task: str) -> Processes:
        return Processes((str(ROOT / "suites"),), task, Path("runs"), lambda text: None)

    return of


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "task", "steps", "rate"),
    [
        ("credit_letters_cpu", "credit_dispute", 60, 2e-3),
        ("strict_json_4gb", "json_extraction", 40, 2e-3),
        ("coder_7b_cpu", "code_assistant", 60, 2e-3),
        ("assistant_7b_sft", "json_extraction", 40, 2e-3),
        ("assistant_7b_dpo", "json_extraction", 40, 1e-3),
        ("fan_timeline_dialogpt", "fan_timeline", 60, 2e-3),
    ],
)
def test_the_gate_calls_its_trained_twin_an_improvement(
    name: str, task: str, steps: int, rate: float, processes: Any
) -> None:
    """A tiny base is judged before and after the training by the suites of the system's task."""
    recipe: Any = load(name).recipe
    if recipe.quantize != "none":
        pytest.importorskip("bitsandbytes")
    base = TINY_GPT2 if "dialogpt" in name else TINY_QWEN2
    write_dataset(task, 2000, 0, Path("data"))
    rows = Path("data/train.jsonl")
    if recipe.method == "dpo":
        rows = _pairs(processes(task), f"base:{base}", task)
    key = "fallback_base" if recipe.fallback_base else "base"
    own = (f"{key}={base}", "output=out", f"data.train={rows}", "data.val=[]")
    train(name, [*GAINING, *own, f"max_steps={steps}", f"learning_rate={rate}"])
    adapter = ("--model", "adapter:out", "--limit", "120", "-k", "not budget")
    record = processes(task).judge(f"base:{base}", Path("judged.log"), *adapter)
    sides = (Side(record, model.ref) for model in record.models)
    decision = decide(*sides, GatePolicy())
    assert decision.outcome is GateOutcome.PASS, decision.tasks
    assert is_gain(decision)


def _pairs(processes: Processes, model: str, task: str) -> Path:
    """Preferences of the rows' completions over the model's own failing answers."""
    own = load_task(TASKS / task)
    prompts: TrainingPrompts = without_cases(read_rows(Path("data/train.jsonl"))[0][:320], [own])
    write_task(prompts, own, Path("tasks"))
    record = processes.judge(model, Path("mined.log"), "--tasks-dir", "tasks", "-k", "not budget")
    material = mined(record, prompts, Path("tasks"), own.required)
    write_rows("dpo", material, prompts, Path("pairs.jsonl"))
    return Path("pairs.jsonl")
