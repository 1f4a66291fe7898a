"""Every bundled recipe fits the installed libraries, and its tiny twin trains."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.models import TINY_QWEN2
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
    assert lines[0] == f"# harness train trainers/recipes/{name}.yaml"
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

    recipe: Any = load(name).recipe
    base = SimpleNamespace(device="cpu", dtype="bfloat16")
    job: Any = SimpleNamespace(recipe=recipe, base=base, val=recipe.data.val or None)
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
