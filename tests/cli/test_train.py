"""``harness train`` as a user types it: one line for each mistake, and a clean stop."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.core.extras import install


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["train", *arguments])


def recipe_in(folder: Path, **changes: object) -> Path:
    """A recipe whose base is a folder with an empty model: enough until torch is needed."""
    base = folder / "base"
    base.mkdir(exist_ok=True)
    for name in ("config.json", "model.safetensors"):
        (base / name).write_text("{}")
    data = folder / "train.jsonl"
    data.write_text('{"prompt": "q", "completion": "a"}\n')
    values = {
        "method": "sft",
        "base": str(base),
        "output": str(folder / "out"),
        "data": {"train": str(data)},
        **changes,
    }
    path = folder / "recipe.yaml"
    path.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items()))
    return path


def test_help_and_mistakes_come_without_torch(tmp_path: Path) -> None:
    recipe = recipe_in(tmp_path, lora={"rr": 1})
    code = (
        "import sys; from harness.cli import main\n"
        "for a in (['train', '--help'], ['train', sys.argv[1]]):\n"
        "    try: main(a)\n"
        "    except SystemExit: pass\n"
        "print(sorted({'torch', 'transformers', 'peft', 'trl', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, recipe], capture_output=True, text=True)
    assert "unknown key, did you mean 'r'?" in done.stderr
    assert done.stdout.splitlines()[-1] == "['rich']"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"base": "no/such/base"}, ":2: base: no/such/base is not there"),
        ({"data": {"train": "no.jsonl"}}, ":4: data.train: there is no file no.jsonl, correct"),
        (
            {"data": {"train": "no.jsonl", "make": "make data"}},
            "there is no file no.jsonl, make it with: make data",
        ),
        ({"data": {"train": "."}}, "data.train: . is a folder, name the file in it"),
        ({"output": "."}, ":3: output: . holds"),
        ({"method": "sftt"}, ":1: method: no such method 'sftt', there are: dpo, grpo, rft, sft"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    result = run(str(recipe_in(tmp_path, **changes)))
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_mistakes_in_paths_are_said_together(tmp_path: Path) -> None:
    recipe = recipe_in(
        tmp_path, base="no/such/base", data={"train": "no.jsonl", "val": "no2.jsonl"}
    )
    lines = run(str(recipe)).stderr.splitlines()
    assert [line.split(": ")[2] for line in lines] == ["base", "data.train", "data.val"]


def test_bad_rows_of_all_files_are_said_together(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text("{\n")
    data = {"train": [str(tmp_path / "a"), str(tmp_path / "b")]}
    lines = run(str(recipe_in(tmp_path, data=data))).stderr.splitlines()
    assert [line.split(": ")[1] for line in lines] == [f"{tmp_path}/a:1", f"{tmp_path}/b:1"]


def test_an_adapter_is_no_base(tmp_path: Path) -> None:
    recipe = recipe_in(tmp_path)
    (tmp_path / "base" / "config.json").rename(tmp_path / "base" / "adapter_config.json")
    assert "is an adapter, name the whole model it belongs to" in run(str(recipe)).stderr


def test_a_base_without_weights_is_said(tmp_path: Path) -> None:
    recipe = recipe_in(tmp_path)
    (tmp_path / "base" / "model.safetensors").unlink()
    assert "has no weights, expected model.safetensors" in run(str(recipe)).stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("r", "--estimate", "--dry-run"), "--estimate trains nothing, leave out --dry-run"),
        (("--watch-only", "o", "--resume"), "--watch-only trains nothing, leave out --resume"),
        (("--watch-only", "o", "--estimate"), "--watch-only and --estimate: give the one"),
        (("r", "--json"), "--json goes with --estimate"),
        (("r", "--device-gb", "4"), "--device-gb goes with --estimate"),
        (("r", "--once"), "--once goes with --watch-only"),
        ((), "name a recipe, or --watch-only"),
    ],
)
def test_no_option_is_passed_over(arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_an_adapter_is_not_overwritten_unasked(tmp_path: Path) -> None:
    recipe = recipe_in(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "adapter_config.json").write_text("{}")
    result = run(str(recipe))
    assert result.exit_code == 2
    assert "holds an adapter already, name another folder or add --overwrite" in result.stderr


def test_missing_packages_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainers.run.preflight.is_installed", lambda name: name != "trl")
    result = run(str(recipe_in(tmp_path)))
    assert result.exit_code == 4
    assert result.stderr == (f"harness: training: trl is not installed, {install('train')}\n")


def test_one_of_several_processes_that_do_not_know_of_each_other_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert "processes that do not know of each other" in run(str(recipe_in(tmp_path))).stderr
