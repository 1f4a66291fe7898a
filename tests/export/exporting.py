"""Exports as a user asks for them, but in this process and with the tokenizer loaded here."""

from pathlib import Path

import harness.export.merged_folder
import harness.export.to_gguf
from harness.export.merging.peft_merge import merge_here
from harness.export.source import open_source
from harness.export.to_gguf import to_gguf
from harness.export.to_lora import to_lora
from harness.export.tokenizer.tokenizer_reading import load_tokenizer


def export_gguf(model: Path | str, target: Path, kind: str = "f32", **options):
    """``harness export gguf``, without starting a process for the tokenizer."""
    before = harness.export.to_gguf.read_tokenizer
    harness.export.to_gguf.read_tokenizer = load_tokenizer
    try:
        return to_gguf(open_source(str(model)), target, kind, **options)
    finally:
        harness.export.to_gguf.read_tokenizer = before


def merge_in_this_process(monkeypatch) -> None:
    """Have peft merge here, where it is imported already."""

    def merge(base, adapter, folder, dtype):
        merge_here(str(base), str(adapter.folder), str(folder), dtype)
        return 0

    monkeypatch.setattr(harness.export.merged_folder, "merge_by_peft", merge)


def export_lora(adapter: Path | str, target: Path, kind: str = "f32"):
    return to_lora(open_source(str(adapter)), target, kind, False)
