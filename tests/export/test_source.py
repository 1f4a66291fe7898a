"""An export of files that are replaced while it reads them is refused, and leaves nothing."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.export.source import Source, open_source
from harness.export.to_gguf import to_gguf
from harness.export.to_lora import to_lora
from harness.export.to_merged import to_merged
from tests.models import ROOT

MODELS = ROOT / "fixtures/models"
EXPORTS: dict[str, Callable[[Source, Path], object]] = {
    "lora": lambda source, target: to_lora(source, target, "f32", False),
    "gguf": lambda source, target: to_gguf(source, target, "f32"),
    "merged": lambda source, target: to_merged(source, target, None, False),
}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    for name in ("tiny-qwen2", "tiny-qwen2-adapter"):
        shutil.copytree(MODELS / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("kind", EXPORTS)
@pytest.mark.parametrize(
    "file",
    ["tiny-qwen2-adapter/adapter_model.safetensors", "tiny-qwen2-adapter/adapter_config.json",
     "tiny-qwen2/model.safetensors", "tiny-qwen2/tokenizer.json"],
)  # fmt: skip
def test_a_file_that_is_replaced_meanwhile(kind: str, file: str, models: Path) -> None:
    source = open_source(f"adapter:{models}/tiny-qwen2-adapter", str(models / "tiny-qwen2"))
    other = models / "other"
    shutil.copyfile(models / file, other)
    other.replace(models / file)
    target = models / "out"
    with pytest.raises(HarnessError, match=r"was replaced while it was exported, run it again"):
        EXPORTS[kind](source, target)
    left = [p.name for p in models.iterdir() if p.name not in ("tiny-qwen2", "tiny-qwen2-adapter")]
    assert left == []
