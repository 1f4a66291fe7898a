"""What a backend's process says when it is asked to open a model, called here without a process."""

import io
import json
from dataclasses import asdict

from harness.core.modelref import ModelRef
from harness.engine.model import EngineSettings
from harness.engine.worker import Imported, _open
from tests.project import Project


def test_what_was_imported_before_a_model_was_asked_for_counts_as_loading_it(tmp_path):
    stored = ModelRef.parse(Project(tmp_path).store().replace("stored/", f"{tmp_path}/stored/"))
    message = {"ref": asdict(stored), "settings": asdict(EngineSettings())}
    out = io.BytesIO()
    assert _open(message, out, Imported(seconds=100.0, error=None)) is not None
    (said,) = map(json.loads, out.getvalue().splitlines())
    assert said["kind"] == "opened"
    assert 100 < said["seconds"] < 150
