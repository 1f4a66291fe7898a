"""What an adapter's folder tells of its training, and when it is not believed."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.core.record import ModelRecord
from harness.model_files.fingerprint import file_hashes, weights_hash
from harness.model_files.folders import ADAPTER_WEIGHTS
from harness.model_files.training_record import FILE, training_of, training_warnings
from tests.models import ROOT, TINY_QWEN2

ADAPTER = ROOT / "fixtures/models/tiny-qwen2-adapter"
HASH = "ab" * 32


def model(sha256: str = HASH) -> ModelRecord:
    return ModelRecord("adapter:out/x", "adapter", "x", files={ADAPTER_WEIGHTS: sha256})


def written(folder: Path, **changes: Any) -> Path:
    points = [{"step": 1, "loss": 3.0}, {"step": 10, "loss": 0.5, "eval_loss": 0.6}]
    whole = {"method": "sft", "curve": points, "result": {"adapter_sha256": HASH, "seconds": 61.0}}
    (folder / FILE).write_text(json.dumps({**whole, **changes}))
    return folder


def test_the_curve_of_a_real_training() -> None:
    sha256 = json.loads((ADAPTER / FILE).read_text())["result"]["adapter_sha256"]
    found = training_of(model(sha256), ADAPTER)
    assert found is not None
    assert found.method == "sft"
    assert found.steps == found.losses[-1][0] >= 100
    assert found.losses[-1][1] < found.losses[0][1]


def test_a_folder_that_was_trained_again_tells_of_other_weights(tmp_path: Path) -> None:
    assert training_of(model("cd" * 32), written(tmp_path)) is None
    assert training_of(ModelRecord("base:x", "base", "x"), written(tmp_path)) is None
    assert training_of(model(), tmp_path / "gone") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"curve": []},
        {"curve": None},
        {"curve": [3]},
        {"curve": [{"step": "x", "loss": 1}]},
        {"curve": [{"step": 1, "loss": [1]}]},
        {"curve": [{"step": 10**400, "loss": 1.0}]},
        {"curve": [{"step": -1, "loss": 1.0}]},
        {"curve": [{"step": 1, "loss": 10**400}]},
        {"result": {"adapter_sha256": HASH, "seconds": "x"}},
        {"result": []},
        {"result": {}},
    ],
)
def test_a_hostile_file_is_no_training(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert training_of(model(), written(tmp_path, **changes)) is None


@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000, "\udc80", '{"result": 3}', "NaN"])
def test_what_is_no_record_is_no_training(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert training_of(model(), tmp_path) is None


def test_numbers_that_are_none_are_left_out(tmp_path: Path) -> None:
    curve = [{"step": i, "loss": v} for i, v in enumerate(("nan", 2.0, "inf", 1.0))]
    found = training_of(model(), written(tmp_path, curve=curve))
    assert found is not None
    assert found.losses == ((1, 2.0), (3, 1.0))


def test_watched_behaviors_and_the_kept_step(tmp_path: Path) -> None:
    seen = [(0.5, [0.2, 0.8]), (2, [0, 1]), (0.5, [1, 0])]
    own = [{"b": {"rate": rate, "interval": ends}} for rate, ends in seen]
    points = [{"step": i, "loss": 1.0, "behaviors": found} for i, found in enumerate(own)]
    result = {"adapter_sha256": HASH, "seconds": 1.0, "kept": {"step": 0}}
    found = training_of(model(), written(tmp_path, curve=points, result=result))
    assert found is not None
    assert found.rates == (("b", ((0, 0.5, 0.2, 0.8),)),)
    assert found.kept == 0


@pytest.mark.parametrize(
    "behaviors", [3, {"b": 3}, {"b": {"rate": "x", "interval": [0, 1]}}, {"b": {}}, {"b": []}]
)
def test_hostile_behaviors_are_no_training(tmp_path: Path, behaviors: Any) -> None:
    curve = [{"step": 1, "loss": 1.0, "behaviors": behaviors}]
    assert training_of(model(), written(tmp_path, curve=curve)) is None


# Warnings before an adapter is put over a base


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
