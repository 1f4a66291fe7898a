"""What is said of an adapter that our trainer noted something of."""

import json

import pytest

from harness.export.training_note import training_warnings
from harness.model_files.fingerprint import file_hashes, weights_hash
from tests.models import ROOT, TINY_QWEN2

ADAPTER = ROOT / "fixtures/models/tiny-qwen2-adapter"


def test_nothing_is_said_of_the_bundled_pair():
    assert training_warnings(ADAPTER, weights_hash(file_hashes(TINY_QWEN2))) == ()


def test_other_weights_below_are_told(tmp_path):
    (warning,) = training_warnings(ADAPTER, "0" * 64)
    assert "trained over other weights (f72eb1b8dfdd...) than this base's (000000000000" in warning


def test_a_quantized_base_in_training_is_told(tmp_path):
    note = {"recipe": {"quantize": "nf4"}, "base": {"weights_sha256": "a"}}
    (tmp_path / "training.json").write_text(json.dumps(note))
    (warning,) = training_warnings(tmp_path, "a")
    assert "trained over the base in nf4" in warning


@pytest.mark.parametrize("text", ["", "[]", '{"recipe": 5, "base": []}', "[" * 9000])
def test_a_note_that_says_nothing_is_nothing(tmp_path, text):
    (tmp_path / "training.json").write_text(text)
    assert training_warnings(tmp_path, "a") == ()
