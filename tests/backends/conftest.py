"""GGUF files of the bundled models, made once for all tests."""

import functools

import pytest

from harness.backends import gguf
from harness.core.modelref import ModelRef
from harness.tasks.task import load_task
from tests.backends.asking import SETTINGS
from tests.export.exporting import export_gguf, export_lora
from tests.models import ROOT, TASKS, TINY_GPT2, TINY_QWEN2

ADAPTER = ROOT / "fixtures/models/tiny-qwen2-adapter"


@pytest.fixture(scope="session")
def gguf_file(tmp_path_factory):
    """``gguf_file("merged", "q4_k_m")``: the path of a file, which is made when first asked for."""
    folder = tmp_path_factory.mktemp("gguf")
    models = {"base": TINY_QWEN2, "merged": f"adapter:{ADAPTER}", "gpt2": TINY_GPT2}

    @functools.cache
    def make(name: str, kind: str):
        path = folder / f"{name}-{kind}.gguf"
        if name == "lora":
            export_lora(f"adapter:{ADAPTER}", path, kind)
        else:
            export_gguf(models[name], path, kind)
        return path

    return lambda name, kind="f32": make(name, kind)


@pytest.fixture(scope="module")
def task():
    return load_task(TASKS / "json_extraction")


@pytest.fixture(scope="module")
def opened(gguf_file):
    """Models by the names of their files; each is opened once."""
    models = {}

    def open_file(name: str, kind: str = "f32", over: str | None = None):
        options = (("lora", str(gguf_file(over))),) if over else ()
        ref = ModelRef("gguf", str(gguf_file(name, kind)), options)
        if ref not in models:
            models[ref] = gguf.open_model(ref, SETTINGS)
        return models[ref]

    yield open_file
    for model in models.values():
        model.close()
