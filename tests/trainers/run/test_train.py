"""A training from outside: its output, its files, and how it stops."""

import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from harness.core.errors import HarnessError
from tests.patience import PATIENCE
from trainers.run.train import INTERRUPTED, train

WriteRecipe = Callable[..., Path]


def test_output_in_a_pipe_is_plain_whole_lines(write_recipe: WriteRecipe) -> None:
    screen, recipe = io.StringIO(), write_recipe()
    train(str(recipe), console=Console(file=screen, width=40))
    lines = screen.getvalue().splitlines()
    names = [line.split()[0] for line in lines]
    start = ["base", "data", "lora", "steps", "output", "memory"]
    assert names == [*start, *["step"] * 6, "curve", "trained", "adapter", "next"]
    assert "(qwen2, 28,320 parameters), float32 on cpu, 1 thread" in lines[0]
    assert "16 rows, 980 tokens, 298 of them trained" in lines[1]
    assert lines[6].startswith("step 1/6  loss 5.7255  lr 0.0e+00  grad 0.17  ")
    assert lines[6].endswith(" left")
    assert re.search(r"peak memory [\d,]+ MB \([\d,]+ expected\)", lines[-3])
    assert "\x1b" not in screen.getvalue()
    assert (recipe.parent / "out/training_rows.npz").is_file()


def test_rows_that_do_not_fit_are_counted_aloud(
    write_recipe: WriteRecipe, capsys: pytest.CaptureFixture[str]
) -> None:
    train(str(write_recipe(max_length=61)), dry_run=True)
    assert "rows longer than 61 tokens left out (the longest has" in capsys.readouterr().out


def test_no_row_that_fits_is_an_error(write_recipe: WriteRecipe) -> None:
    with pytest.raises(HarnessError, match="none of the 16 rows fits into max_length 20, raise it"):
        train(str(write_recipe(max_length=20)))


def test_more_tokens_than_the_base_has_positions_is_an_error(
    write_recipe: WriteRecipe, gpt2_base: Path
) -> None:
    with pytest.raises(HarnessError, match="97 is more than the base can read, lower it to 96"):
        train(str(write_recipe(base=str(gpt2_base), max_length=97)))


@pytest.mark.slow
def test_ctrl_c_stops_cleanly_and_keeps_nothing(write_recipe: WriteRecipe) -> None:
    recipe = write_recipe(max_steps=100_000)
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "train", str(recipe)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    while not process.stdout.readline().startswith("step "):
        pass
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == INTERRUPTED
    assert " of 100,000, nothing was written to " in out.splitlines()[-1]
    assert err == ""
    assert sorted(p.name for p in recipe.parent.iterdir()) == ["recipe.yaml"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="limits a file's size as POSIX does")
def test_a_disk_that_fills_up_is_one_line(write_recipe: WriteRecipe) -> None:
    """Files may grow to 2 kB: the adapter's weights do not fit."""
    import resource

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))

    recipe = write_recipe(max_steps=1)
    done = subprocess.run(
        [sys.executable, "-B", "-m", "harness", "train", str(recipe)],
        capture_output=True,
        text=True,
        preexec_fn=limit,
        env={**os.environ, "TMPDIR": str(recipe.parent)},
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(
        f"harness: {recipe.parent / 'out'}: cannot be wr"
    )
    assert not (recipe.parent / "out").exists()


def test_a_broken_base_is_one_line(write_recipe: WriteRecipe, tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    for name in ("config.json", "model.safetensors"):
        (base / name).write_text("{}")
    with pytest.raises(HarnessError, match=r"recipe.yaml:2: base: .*has no tokenizer") as caught:
        train(str(write_recipe(base=str(base))))
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_training_nobody_reads_about_keeps_its_adapter(
    write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = write_recipe()
    command = [sys.executable, "-m", "harness", "train", str(recipe)]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    said = "harness: standard output cannot be written: Broken pipe"
    assert (done.returncode, done.stderr.splitlines()[-1]) == (74, said)
    assert (recipe.parent / "out" / "adapter_model.safetensors").is_file()


SPY = """\
import os, sys

class Spy:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            print(os.environ.get("GOMP_SPINCOUNT"), flush=True)
            os._exit(0)

sys.meta_path.insert(0, Spy())
from trainers.run.train import train
train(sys.argv[1])
"""
"""Says what the environment holds when torch is about to be imported."""


@pytest.mark.parametrize(("given", "told"), [({}, "500"), ({"GOMP_SPINCOUNT": "7"}, "7")])
def test_threads_are_told_to_sleep_soon_before_torch_is_imported(
    write_recipe: WriteRecipe, given: dict[str, str], told: str
) -> None:
    surroundings = {k: v for k, v in os.environ.items() if k != "GOMP_SPINCOUNT"}
    done = subprocess.run(
        [sys.executable, "-c", SPY, str(write_recipe())],
        env={**surroundings, **given},
        capture_output=True,
        text=True,
    )
    assert done.stdout.split()[-1] == told
