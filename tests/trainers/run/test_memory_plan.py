"""``harness train --estimate``: a table, a verdict, and nothing heavy."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from trainers.run import memory_plan

WriteRecipe = Callable[..., Path]


def said(*arguments: str) -> str:
    done = CliRunner().invoke(main, ["train", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_parts_sum_and_verdict(write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_plan, "memory_limit_bytes", lambda: 4_000_000_000)
    lines = said(str(write_recipe()), "--estimate").splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == [
        "process", "weights", "adapter", "gradients", "optimizer", "activations", "output",
        "allocator", "step", "opening",
    ]  # fmt: skip
    assert re.fullmatch(
        r"peak \d+ MB \(\d+ to \d+\) with rows of 128 tokens in float32: "
        r"fits into the 4,000 MB of this machine",
        lines[-1],
    )


def test_a_gpu_that_is_too_small(write_recipe: WriteRecipe) -> None:
    recipe = str(write_recipe(per_device_train_batch_size=4096))
    lines = said(recipe, "--estimate", "--device-gb", "4").splitlines()[-3:]
    assert lines[0].endswith("may not fit into the 4,000 MB of the GPU")
    small = "max_length: 64"
    assert lines[1].startswith(f"it would fit with {small}: ")
    assert lines[2] == memory_plan.ONE_GPU


def test_no_library_is_imported_and_no_row_is_read(write_recipe: WriteRecipe) -> None:
    recipe = write_recipe(data={"train": "missing.jsonl"})
    script = (
        "import sys; from harness.cli import main\n"
        "try: main(['train', sys.argv[1], '--estimate'])\n"
        "finally: print(sorted({'torch', 'transformers', 'trl'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(recipe)], capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
    assert "of this machine" in done.stdout


def test_the_size_of_a_device_is_only_for_an_estimate(write_recipe: WriteRecipe) -> None:
    done = CliRunner().invoke(main, ["train", str(write_recipe()), "--device-gb", "4"])
    assert done.exit_code == 2
