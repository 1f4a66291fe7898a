"""Copies of one tokenizer have one hash, however they were saved; other tokens have another."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.model_files.tokenizer_hash import tokenizer_hash
from tests.models import TINY_QWEN2

FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        shutil.copy(TINY_QWEN2 / name, tmp_path)
    return tmp_path


def edited(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    value = json.loads(path.read_text("utf-8")) if path.exists() else {}
    change(value)
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False), "utf-8")


SAVED_OTHERWISE = {
    "offline": ("tokenizer_config.json", {"local_files_only": True, "is_local": False}),
    "from elsewhere": ("tokenizer_config.json", {"name_or_path": "/home/x", "_commit_hash": "1"}),
    "for training": ("tokenizer_config.json", {"pad_token": "<|im_end|>", "padding_side": "left"}),
    "by another version": (
        "tokenizer_config.json",
        {"add_bos_token": False, "added_tokens_decoder": {"0": {}}, "unused": None},
    ),
    "with its template": ("tokenizer_config.json", {"chat_template": "{{ messages }}"}),
    "as an object": ("tokenizer_config.json", {"eos_token": {"content": "<|im_end|>"}}),
    "beside older files": ("special_tokens_map.json", {"eos_token": "<|im_end|>"}),
    "after a padded batch": (
        "tokenizer.json",
        {
            "truncation": {"direction": "Right", "max_length": 512, "strategy": "LongestFirst"},
            "padding": {"strategy": {"Fixed": 512}, "direction": "Left", "pad_id": 0},
        },
    ),
}


@pytest.mark.parametrize("name", SAVED_OTHERWISE)
def test_a_copy_that_was_saved_otherwise_has_the_same_hash(folder: Path, name: str) -> None:
    file, values = SAVED_OTHERWISE[name]
    edited(folder / "tokenizer.json", lambda value: None)
    before = tokenizer_hash(folder)
    edited(folder / file, lambda value: value.update(values))
    assert tokenizer_hash(folder) == before


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("tokenizer.json", lambda v: v["model"]["vocab"].update({"zebra": 9999})),
        ("tokenizer.json", lambda v: v["added_tokens"].pop()),
        ("tokenizer_config.json", lambda v: v.update(tokenizer_class="LlamaTokenizer")),
        ("tokenizer_config.json", lambda v: v.update(eos_token="<|endoftext|>")),
        ("tokenizer_config.json", lambda v: v.update(add_prefix_space=True)),
        ("tokenizer_config.json", lambda v: v.update(not_known_here=1)),
    ],
)
def test_what_decides_tokens_makes_another_hash(folder: Path, file: str, change) -> None:
    edited(folder / "tokenizer.json", lambda value: None)
    before = tokenizer_hash(folder)
    edited(folder / file, change)
    assert tokenizer_hash(folder) != before


def test_a_tokenizer_without_tokenizer_json_is_its_vocabulary(tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text('{"a": 0}')
    (tmp_path / "merges.txt").write_text("")
    before = tokenizer_hash(tmp_path)
    (tmp_path / "merges.txt").write_text("a b")
    after = tokenizer_hash(tmp_path)
    assert after != before
    (tmp_path / "tokenizer_config.json").write_text("{")
    assert tokenizer_hash(tmp_path) != after
