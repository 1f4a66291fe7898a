"""GGUF files of the bundled models, made once for all tests."""

import functools

import pytest

from tests.export.exporting import export_gguf, export_lora
from tests.models import ROOT, TINY_GPT2, TINY_QWEN2

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
