"""Makes the record of an export, and writes it beside the output."""

import json
import platform
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness import __version__
from harness.core.export_record import ExportInput, ExportOutput, ExportRecord, PeakMemory
from harness.core.portable import command_line, portable
from harness.export.source import Fingerprints, Source
from harness.files.atomic import publish
from harness.files.staging import Staging, record_of
from harness.machine.environment import versions
from harness.machine.memory import peak_resident_bytes
from harness.model_files import provenance_keys
from harness.model_files.fingerprint import folder_hash, sha256_of_file
from harness.model_files.gguf_findings import types_of
from harness.model_files.gguf_header import GgufHeader
from harness.model_files.gguf_tokens import gguf_tokenizer_hash
from harness.model_files.tokenizer_hash import tokenizer_hash
from harness.model_files.trained_rows import sketch_place

PACKAGES = (
    "gguf",
    "llama-cpp-python",
    "numpy",
    "peft",
    "safetensors",
    "tokenizers",
    "torch",
    "transformers",
)


def _adapter(source: Source, fingerprints: Fingerprints) -> ExportInput | None:
    if source.adapter is None or fingerprints.adapter_files is None:
        return None
    assert fingerprints.adapter is not None
    folder = portable(str(source.adapter.folder))
    return ExportInput(folder, fingerprints.adapter_files, fingerprints.adapter)


def make_record(
    *,
    source: Source,
    fingerprints: Fingerprints,
    outputs: Mapping[str, Path],
    start: float,
    merged_in: str | None = "float32",
    **rest: Any,
) -> ExportRecord:
    """The record of an export that began at ``start`` (``time.monotonic``).

    Args:
        outputs: the files written, by the name that they will have.
        rest: the fields that depend on the kind of export.

    Raises:
        HarnessError: a file of the source was replaced meanwhile.
    """
    source.require_unchanged()
    return _record(
        source=str(source.ref),
        base=ExportInput(portable(str(source.folder)), fingerprints.base_files, fingerprints.base),
        adapter=_adapter(source, fingerprints),
        tokenizer_sha256=fingerprints.tokenizer,
        architecture=source.config.architecture,
        merged_in=merged_in if source.adapter else None,
        outputs=outputs,
        start=start,
        **rest,
    )


def import_record(file: Path, folder: Path, *, start: float, **rest: Any) -> ExportRecord:
    """The record of the import of a GGUF file into ``folder``, which is complete but for it."""
    return _record(
        kind="import",
        source=f"gguf:{file}",
        base=_gguf_input(file),
        adapter=None,
        tokenizer_sha256=tokenizer_hash(folder),
        source_weights_sha256=folder_hash(folder),
        merged_in=None,
        fallbacks=(),
        outputs={path.name: path for path in sorted(folder.iterdir())},
        peak_memory=PeakMemory(peak_resident_bytes()),
        start=start,
        **rest,
    )


def ollama_record(
    file: Path, lora: Path | None, folder: Path, *, header: GgufHeader, start: float, **rest: Any
) -> ExportRecord:
    """The record of a folder for Ollama, which is complete but for it.

    Args:
        file: the model's GGUF file, with this header.
        lora: the LoRA over it.
    """
    base, adapter = (_gguf_input(path) if path else None for path in (file, lora))
    assert base is not None
    return _record(
        kind="ollama",
        type=header.file_type or "unknown",
        source=f"gguf:{file}" + (f"+lora={lora}" if lora else ""),
        base=base,
        adapter=adapter,
        tokenizer_sha256=gguf_tokenizer_hash(header),
        architecture=header.architecture,
        source_weights_sha256=header.text(provenance_keys.SOURCE_WEIGHTS_SHA256),
        merged_in=None,
        tensors={name.lower(): count for name, count in types_of(header).items()},
        fallbacks=(),
        pre_tokenizer=header.text("tokenizer.ggml.pre"),
        outputs={path.name: path for path in sorted(folder.iterdir())},
        peak_memory=PeakMemory(peak_resident_bytes()),
        start=start,
        **rest,
    )


def _gguf_input(file: Path) -> ExportInput:
    sha256 = sha256_of_file(file)
    return ExportInput(portable(str(file.parent)), {file.name: sha256}, sha256)


def _record(*, outputs: Mapping[str, Path], start: float, **rest: Any) -> ExportRecord:
    """The record with what is the same for all kinds: files written, time, command, versions."""
    return ExportRecord(
        outputs={n: ExportOutput(sha256_of_file(p), p.stat().st_size) for n, p in outputs.items()},
        seconds=round(time.monotonic() - start, 3),
        command=command_line("harness", sys.argv[1:]),
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        versions={
            "harness": __version__,
            "python": platform.python_version(),
            **versions(PACKAGES),
        },
        **rest,
    )


def text_of(record: ExportRecord) -> str:
    """The record as it is written."""
    return json.dumps(asdict(record), indent=2, ensure_ascii=False) + "\n"


def publish_with_record(
    record: ExportRecord, staging: Staging, written: Path, target: Path, sketch: Path | None
) -> None:
    """Put a finished file, and beside it its record and the sketch of its training rows, in their
    places."""
    record_path = staging.path("record")
    record_path.write_text(text_of(record), "utf-8")
    publish(written, target)
    publish(record_path, record_of(target))
    sketch_place(target).unlink(missing_ok=True)
    if sketch is not None:
        shutil.copyfile(sketch, staging.path("sketch"))
        publish(staging.path("sketch"), sketch_place(target))
