"""Which tokens end an answer, read as transformers reads them."""

import json

import pytest

from harness.core.errors import HarnessError
from harness.export.gguf.end_tokens import end_ids, end_warnings


def test_the_generation_config_comes_before_the_configuration(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"eos_token_id": 7}))
    assert end_ids(tmp_path, 3) == (3, 7)
    (tmp_path / "generation_config.json").write_text(json.dumps({"eos_token_id": [9, 3, True]}))
    assert end_ids(tmp_path, 3) == (3, 9)


def test_a_file_that_cannot_be_read_is_one_line(tmp_path):
    (tmp_path / "generation_config.json").write_text("[]")
    with pytest.raises(HarnessError, match=r"generation_config.json: cannot be read"):
        end_ids(tmp_path, None)


def test_none_and_too_many_are_warned_of():
    assert "names a token that ends an answer" in end_warnings(())[0]
    assert end_warnings((1, 2, 3)) == ()
    assert "4 tokens end an answer, GGUF has places for 3" in end_warnings((1, 2, 3, 4))[0]
