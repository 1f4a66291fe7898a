"""The sketch of the training rows is found beside an adapter, and beside what is exported of it."""

import json
import shutil
from pathlib import Path

import pytest

from harness.export.source import open_source
from harness.export.to_merged import to_merged
from harness.model_files.fingerprint import file_hashes, sha256_of_file
from harness.model_files.folders import ADAPTER_WEIGHTS
from harness.model_files.trained_rows import own_sketch, sketch_place
from harness.model_files.training_sketch import FILE, TrainingSketch
from tests.export.exporting import export_gguf, export_lora
from tests.models import ROOT

BUNDLED = ROOT / "fixtures/models/tiny-qwen2-adapter"


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    """The bundled adapter with the sketch of two rows."""
    folder = tmp_path / "adapter"
    shutil.copytree(BUNDLED, folder)
    config = json.loads((folder / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = str(ROOT / "fixtures/models/tiny-qwen2")
    (folder / "adapter_config.json").write_text(json.dumps(config))
    training = {"result": {"adapter_sha256": sha256_of_file(folder / ADAPTER_WEIGHTS)}}
    (folder / "training.json").write_text(json.dumps(training))
    with (folder / FILE).open("wb") as file:
        TrainingSketch.of(["one two three", "four"]).write(file)
    return folder


def test_exports_have_the_sketch_of_their_adapter(adapter: Path, tmp_path: Path) -> None:
    merged, whole, again, lora = (tmp_path / n for n in ("merged", "m.gguf", "n.gguf", "l.gguf"))
    to_merged(open_source(str(adapter)), merged, None, False)
    export_gguf(adapter, whole)
    export_gguf(merged, again)
    export_lora(adapter, lora)
    for model in (merged, whole, again, lora):
        files = file_hashes(model) if model.is_dir() else {model.name: sha256_of_file(model)}
        found = own_sketch(model, files)
        assert found == sketch_place(model)
        assert found is not None
        assert found.read_bytes() == (adapter / FILE).read_bytes()
    assert whole.with_name("m.gguf.training_rows.npz").is_file()


def test_a_sketch_of_other_weights_is_not_passed_on(adapter: Path, tmp_path: Path) -> None:
    target = tmp_path / "m.gguf"
    export_gguf(adapter, target)
    (adapter / "training.json").write_text(json.dumps({"result": {"adapter_sha256": "other"}}))
    export_gguf(adapter, target, has_force=True)
    assert not sketch_place(target).exists()


@pytest.mark.parametrize(
    "record", ["[]", "{}", '{"outputs": []}', '{"outputs": {}}', '{"outputs": {"m.gguf": 3}}',
               '{"outputs": {"m.gguf": {"sha256": "bb"}}}', "{"],
)  # fmt: skip
def test_a_record_that_does_not_name_the_weights_is_not_believed(
    tmp_path: Path, record: str
) -> None:
    model = tmp_path / "m.gguf"
    model.touch()
    sketch_place(model).touch()
    (tmp_path / "m.gguf.export.json").write_text(record)
    assert own_sketch(model, {"m.gguf": "aa"}) is None
