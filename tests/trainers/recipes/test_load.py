"""Recipes are read strictly: all mistakes at once, with their lines, before torch is imported."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import HarnessError
from tests.models import ROOT
from trainers.recipes.load import BUNDLED, load, plain_value
from trainers.recipes.schema import methods

GOOD = """\
method: sft
base: some/base
output: out/x
data:
  train: train.jsonl
learning_rate: 2e-4
"""


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    return str(path)


def test_every_mistake_is_said_at_once_with_its_line(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "method: sfd\nbase: b\noutput: out/x\ndata:\n  trian: a.jsonl\nlora:\n  r: eight\n"
        "learning_rte: 2e-4\nbatch_size: 0\nwarmup_steps: 1.5\n",
    )
    with pytest.raises(HarnessError) as caught:
        load(path)
    lines = str(caught.value).splitlines()
    assert any(
        x.startswith(f"{path}:1: method: no such method 'sfd', there are: dpo, grpo, rft, sft")
        for x in lines
    )
    assert f"{path}:4: data.train: is missing, add it" in lines
    assert f"{path}:5: data.trian: unknown key, did you mean 'train'?" in lines
    assert f"{path}:8: learning_rte: unknown key, did you mean 'learning_rate'?" in lines
    assert any(line.startswith(f"{path}:7: lora.r: ") and "'eight'" in line for line in lines)
    assert any(
        line.startswith(f"{path}:9: batch_size: per_device_train_batch_size ") for line in lines
    )
    assert any(
        line.startswith(f"{path}:10: warmup_steps: is a share of all steps") for line in lines
    )
    assert len(lines) == 7


WITHOUT_TORCH = """\
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "transformers", "trl", "peft"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
from harness.core.errors import HarnessError
from trainers.recipes.load import load
try:
    load(sys.argv[1])
except HarnessError as error:
    print(*error.mistakes, sep="\\n")
"""


@pytest.mark.parametrize("method", ["sfd", "sft"])
def test_every_mistake_is_said_without_torch(tmp_path: Path, method: str) -> None:
    path = written(tmp_path, f"method: {method}\nbase: b\noutput: out/x\nbatch_size: 0\n")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, path], capture_output=True, text=True, cwd=ROOT
    )
    assert done.stderr == ""
    mistakes = done.stdout.splitlines()
    unknown = f"{path}:1: method: no such method 'sfd', there are: dpo, grpo, rft, sft"
    assert [m for m in mistakes if "method" in m] == ([unknown] if method == "sfd" else [])
    assert f"{path}:1: data: is missing, add it" in mistakes
    assert any(m.startswith(f"{path}:4: batch_size: ") for m in mistakes)


def test_a_method_is_a_file_of_trainers() -> None:
    assert methods() == sorted(p.stem for p in (ROOT / "trainers").glob("[!_]*.py"))


def test_an_exponent_without_a_point_is_a_number(tmp_path: Path) -> None:
    assert load(written(tmp_path, GOOD)).recipe.learning_rate == 2e-4


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8", 8),
        ("2e-4", 2e-4),
        (".5", 0.5),
        ("true", True),
        ("null", None),
        ("out/x", "out/x"),
        ("[q_proj, v_proj]", ["q_proj", "v_proj"]),
        ('["q_proj"]', ["q_proj"]),
        ("", ""),
    ],
)
def test_typed_values_are_read_plainly(text: str, value: Any) -> None:
    assert plain_value(text) == value


def test_overrides_replace_and_add(tmp_path: Path) -> None:
    file = load(written(tmp_path, GOOD), ["lora.r=8", "learning_rate=1e-3", "data.val=v.jsonl"])
    assert file.recipe.lora.r == 8
    assert file.recipe.learning_rate == 1e-3
    assert file.recipe.data.val == ("v.jsonl",)
    assert file.recipe.data.train == ("train.jsonl",)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("lora.rr=8", "--set lora.rr: unknown key, did you mean 'r'?"),
        ("lora.r=0", "--set lora.r: input should be greater than or equal to 1, found 0"),
        ("epochs=nan", "--set epochs: num_train_epochs input should be a finite number, found nan"),
        ("eval_steps=5", "--set eval_steps: needs data.val"),
        ("base.x=1", "--set base.x: base has no keys, it is 'some/base'"),
        ("lora", "--set lora: expected key=value, such as lora.r=8"),
        ("method=data", "--set method: no such method 'data', there are: dpo, grpo, rft, sft"),
        ("lora.target_modules=[auto,q_proj]", "--set lora.target_modules: all-linear stands alone"),
        ("quantize=nf8", "--set quantize: input should be 'none', 'nf4' or 'int8', found 'nf8'"),
    ],
)
def test_a_wrong_override_is_named_as_typed(tmp_path: Path, override: str, message: str) -> None:
    with pytest.raises(HarnessError) as caught:
        load(written(tmp_path, GOOD), [override])
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_bundled_recipes_are_found_by_name_and_fit() -> None:
    names = [path.stem for path in BUNDLED.glob("*.yaml")]
    assert {"json_extraction_tiny", "fan_timeline_tiny"} <= set(names)
    for name in names:
        load(name)


def test_an_unknown_recipe_names_the_nearest() -> None:
    with pytest.raises(HarnessError, match="no such recipe, did you mean 'json_extraction_tiny'"):
        load("json_extraction_tny")


def test_a_list_is_no_recipe(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="a recipe is a mapping"):
        load(written(tmp_path, "- method: sft\n"))


def test_a_bundled_recipe_finds_the_base_that_came_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = load("json_extraction_tiny")
    assert Path(file.recipe.base) == ROOT / "fixtures/models/tiny-qwen2"
    assert file.notes == (
        "base: fixtures/models/tiny-qwen2 is not here, the one that came along with the harness is "
        "trained",
    )
    assert load("json_extraction_tiny", ["base=other"]).recipe.base == "other"
    written(tmp_path, (BUNDLED / "json_extraction_tiny.yaml").read_text())
    assert load("recipe.yaml").notes == ()


def test_a_path_may_begin_with_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    recipe = load("json_extraction_tiny", ["output=~/x", "data.train=[~/a.jsonl, b~]"]).recipe
    assert (recipe.output, recipe.data.train) == ("/home/me/x", ("/home/me/a.jsonl", "b~"))
