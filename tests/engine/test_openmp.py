"""Threads of a model's process sleep soon while they wait, unless the user decides otherwise."""

import pytest

from harness.core.modelref import ModelRef
from harness.engine.model import EngineSettings
from harness.engine.process import RemoteModel
from tests.forked import own_children
from tests.models import TINY_QWEN2


@pytest.mark.parametrize(("given", "told"), [(None, "500"), ("7", "7")])
def test_a_backend_is_told_before_it_loads_anything(monkeypatch, given, told):
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    if given:
        monkeypatch.setenv("GOMP_SPINCOUNT", given)
    settings = EngineSettings(device="cpu", threads=1)
    generation = RemoteModel(ModelRef("base", str(TINY_QWEN2)), settings, stays_open=True)
    try:
        generation.encode()
        (backend,) = own_children()
        assert backend.environ()["GOMP_SPINCOUNT"] == told
    finally:
        generation.close()
