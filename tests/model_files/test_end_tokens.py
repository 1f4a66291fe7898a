"""The tokens that end an answer, read as transformers reads them."""

import json

import pytest

from harness.files.strict_json import UnreadableFile
from harness.model_files.end_tokens import configured_end_ids, end_ids


def test_the_generation_config_comes_before_the_configuration(tmp_path):
    assert configured_end_ids(tmp_path) == ("config.json", frozenset())
    (tmp_path / "config.json").write_text(json.dumps({"eos_token_id": 7}))
    assert configured_end_ids(tmp_path) == ("config.json", {7})
    (tmp_path / "generation_config.json").write_text(json.dumps({"eos_token_id": [9, 3, True]}))
    assert configured_end_ids(tmp_path) == ("generation_config.json", {3, 9})


def test_a_generation_config_without_an_end_stands_alone(tmp_path):
    """As ``GenerationConfig.from_pretrained`` reads it: the other file counts without it only."""
    (tmp_path / "config.json").write_text(json.dumps({"eos_token_id": 7}))
    (tmp_path / "generation_config.json").write_text("{}")
    assert configured_end_ids(tmp_path) == ("generation_config.json", frozenset())


def test_the_tokenizers_end_is_one_too():
    assert end_ids(7, 3) == {3, 7}
    assert end_ids([7, 8], None) == {7, 8}
    assert end_ids(None, None) == frozenset()
    assert end_ids([-1, "7", True], 3) == {3}


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "generation_config.json").write_text("[]")
    with pytest.raises(UnreadableFile, match=r"^generation_config.json: holds no JSON object"):
        configured_end_ids(tmp_path)
