"""What an adapter's folder tells of its training, and when it is not believed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.core.modelref import ModelRef
from harness.core.record import ModelRecord
from harness.gate.compare import Side
from harness.report.page.page import training_views
from harness.report.page.training import (
    FILE,
    WEIGHTS,
    Training,
    chart,
    folder_of,
    said,
    training_of,
)
from harness.report.report import report_on
from tests.synthetic import record

REAL = Path("fixtures/models/tiny-qwen2-adapter")
HASH = "ab" * 32


def model(sha256: str = HASH) -> ModelRecord:
    return ModelRecord("adapter:out/x", "adapter", "x", files={WEIGHTS: sha256})


def written(folder: Path, **changes: Any) -> Path:
    points = [{"step": 1, "loss": 3.0}, {"step": 10, "loss": 0.5, "eval_loss": 0.6}]
    whole = {"method": "sft", "curve": points, "result": {"adapter_sha256": HASH, "seconds": 61.0}}
    (folder / FILE).write_text(json.dumps({**whole, **changes}))
    return folder


def test_the_curve_of_a_real_training() -> None:
    sha256 = json.loads((REAL / FILE).read_text())["result"]["adapter_sha256"]
    found = training_of(model(sha256), REAL)
    assert found is not None
    assert found.method == "sft"
    assert found.steps == found.losses[-1][0] >= 100
    assert found.losses[-1][1] < found.losses[0][1]
    assert f"sft, {found.steps} steps in" in chart(found, "after")


def test_the_loss_and_what_was_held_out_in_words(tmp_path: Path) -> None:
    found = training_of(model(), written(tmp_path))
    assert found is not None
    assert said(found) == "sft, 10 steps in 1 min 1 s; loss 3 to 0.5, held out 0.6"
    drawn = chart(found, "after")
    assert "loss, nats per token" in drawn
    assert drawn.count("<circle") == 1


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
    curve = [{"step": i, "loss": v} for i, v in enumerate((float("nan"), 2.0, float("inf"), 1.0))]
    found = training_of(model(), written(tmp_path, curve=curve))
    assert found is not None
    assert found.losses == ((1, 2.0), (3, 1.0))


def test_only_adapters_have_a_folder() -> None:
    run = record(1)
    folders = [folder_of(Side(run, m.ref)) for m in run.models]
    assert folders == [None, Path(ModelRef.parse(run.models[1].ref).location)]


def test_each_run_has_the_training_of_its_own_weights() -> None:
    """An adapter that was trained again under its name: the curve belongs to the later run."""
    first, second = (record(4, run_id=run_id) for run_id in ("a", "b"))
    report = report_on(first, second)
    known = Training("sft", 1.0, ((1, 2.0), (2, 1.0)), ())
    ref = second.models[1].ref
    [view] = training_views(replace(report, trainings={("b", ref): known}))
    assert view.label.name == "json_extraction (b)"
    both = {("a", ref): known, ("b", ref): known}
    assert len(training_views(replace(report, trainings=both))) == 1
    other = {("a", ref): replace(known, seconds=2.0), ("b", ref): known}
    assert len(training_views(replace(report, trainings=other))) == 2
