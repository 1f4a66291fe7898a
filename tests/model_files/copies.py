"""Copies of the bundled models with one thing changed, and what is found in them."""

import json
import shutil
from pathlib import Path

from harness.core.modelref import ModelRef
from harness.model_files.examine import examine_all
from harness.model_files.finding import Level
from tests.models import ROOT

ADAPTER = ROOT / "fixtures/models/tiny-qwen2-adapter"


def copy(source: Path, folder: Path) -> Path:
    """The model's folder again, to be changed."""
    target = folder / source.name
    shutil.copytree(source, target)
    return target


def change(file: Path, **values: object) -> None:
    """Change members of a JSON file."""
    found = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({**found, **values}), "utf-8")


def found(*refs: str, is_thorough: bool = False) -> list[tuple[Level, str]]:
    """Level and text of everything that is said of the last model."""
    parsed = [ModelRef.parse(ref) for ref in refs]
    last = examine_all(parsed, is_thorough=is_thorough)[-1]
    return [(f.level, str(f)) for f in last.findings]


def said(level: Level, *refs: str) -> str:
    """The findings of one level of the last model, as one text."""
    return "\n".join(text for at, text in found(*refs) if at is level)
