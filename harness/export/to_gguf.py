"""``harness export gguf``: a model, or an adapter merged into its base, as one GGUF file."""

import time
from dataclasses import dataclass
from pathlib import Path

from harness.engine.memory import peak_resident_bytes
from harness.export import output, provenance_keys
from harness.export.converter import convert, converter_script
from harness.export.end_tokens import end_ids
from harness.export.export_record import ExportRecord, PeakMemory
from harness.export.file_types import UNQUANTISED, bytes_of, quantised
from harness.export.gguf_file import ModelFile, write_model
from harness.export.merged_folder import merged_bytes, write_merged
from harness.export.output import Staging
from harness.export.progress import bar, counter
from harness.export.quantizer import Quantised, quantize
from harness.export.record import inputs_of, make_record, publish_with_record
from harness.export.source import Fingerprints, Source, open_folder
from harness.export.tensor_plan import plan
from harness.export.tensor_types import tensor_types
from harness.export.tokenizer_form import vocabulary_of
from harness.export.tokenizer_reading import read_tokenizer

STORED_TYPES = {dtype: name for name, dtype in UNQUANTISED.items()}


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for."""

    source: Source
    target: Path
    kind: str
    """A type of ``file_types``."""
    converter: Path | None
    """The script of a llama.cpp checkout that writes the file in our place."""
    fingerprints: Fingerprints

    @property
    def first(self) -> str:
        """The type that is written first: what is quantised is quantised from there. A merged
        weight is float32, so that it is rounded once."""
        if self.kind in UNQUANTISED:
            return self.kind
        return "f32" if self.source.adapter else STORED_TYPES[self.source.weights.main_dtype]


@dataclass(frozen=True, slots=True)
class Written:
    """What the file became before it was quantised."""

    pre_tokenizer: str | None
    warnings: tuple[str, ...]


def to_gguf(
    source: Source,
    target: Path,
    wanted: str | None,
    *,
    has_force: bool = False,
    converter: Path | None = None,
) -> ExportRecord:
    """Write ``target`` and its record beside it.

    Args:
        wanted: a type of ``file_types``; ``None`` is the one that the weights are stored in.
        converter: a llama.cpp checkout to hand over to.

    Raises:
        HarnessError: something is wrong with the model, the type or the place.
    """
    start = time.monotonic()
    output.check_file(target, has_force)
    script = converter_script(converter) if converter else None
    kind = wanted or STORED_TYPES[source.weights.main_dtype]
    request = Request(source, target, kind, script, Fingerprints.of(source))
    with output.staged(target) as staging:
        written = staging.path("gguf")
        whole, merge_peak = _whole(source, staging)
        done = _write(request, whole, staging)
        first_peak = peak_resident_bytes()
        quantised_ = _quantise(request, staging)
        base, adapter = inputs_of(source, request.fingerprints)
        record = make_record(
            kind="gguf",
            type=kind,
            source=source,
            source_weights_sha256=request.fingerprints.source,
            base=base,
            adapter=adapter,
            tokenizer_sha256=request.fingerprints.tokenizer,
            outputs={target.name: written},
            tensors=tensor_types(written),
            fallbacks=tuple(f"{f.tensor}: {f.wanted} -> {f.got}" for f in quantised_.fallbacks),
            pre_tokenizer=done.pre_tokenizer,
            warnings=(*request.fingerprints.warnings(source), *done.warnings),
            peak_memory=PeakMemory(first_peak, quantised_.peak_bytes, merge_peak),
            start=start,
        )
        publish_with_record(record, staging, written, target)
    return record


def _whole(source: Source, staging: Staging) -> tuple[Source, int | None]:
    """The source itself, unless only peft can merge it: then what peft makes of it.

    The second is the peak memory of the process that merged.
    """
    if source.adapter is None or source.adapter.beyond_pairs is None:
        return source, None
    return _merged(source, staging)


def _merged(source: Source, staging: Staging) -> tuple[Source, int]:
    """The adapter merged in float32, in a folder of its own beside the target."""
    output.check_space(staging.target, merged_bytes(source, "float32"))
    folder = staging.path("merged")
    folder.mkdir()
    peak = write_merged(source, folder, "float32", lambda name, elements: None)
    return open_folder(folder), peak


def _write(request: Request, whole: Source, staging: Staging) -> Written:
    """Write the file as it is before it is quantised."""
    path = staging.path("gguf" if request.kind in UNQUANTISED else "unquantised")
    if request.converter:
        return _write_by_converter(request, request.converter, whole, staging, path)
    return _write_ourselves(request, whole, path)


def _quantise(request: Request, staging: Staging) -> Quantised:
    if request.kind in UNQUANTISED:
        return Quantised((), None)
    source, target = staging.path("unquantised"), staging.path("gguf")
    with bar(f"quantising to {request.kind}") as advance:
        number = quantised()[request.kind]
        done = quantize(source, target, number, lambda n, of: advance(n / max(1, of)))
    source.unlink()
    return done


def _write_ourselves(request: Request, whole: Source, path: Path) -> Written:
    model, warnings = _model_file(request, whole)
    _check_space(request, model.bytes_as(UNQUANTISED[request.first]), model.elements)
    with bar(f"writing {request.first}") as advance:
        write_model(model, path, UNQUANTISED[request.first], counter(advance, model.elements))
    return Written(model.vocabulary.pre, warnings)


def _model_file(request: Request, whole: Source) -> tuple[ModelFile, tuple[str, ...]]:
    """Everything but the weights, and what to warn of."""
    architecture = whole.architecture
    warnings = architecture.check(whole.config)
    tensors = plan(whole.config, architecture, whole.weights)
    loaded = read_tokenizer(whole.tokenizer_folder)
    rows = next(t.shape[0] for t in tensors if t.name == "token_embd.weight")
    vocabulary = vocabulary_of(loaded, rows, whole.tokenizer_folder)
    provenance = request.fingerprints.model_provenance(request.source)
    if vocabulary.undone_normalizer:
        provenance[provenance_keys.UNDONE_NORMALIZER] = vocabulary.undone_normalizer
    model = ModelFile(
        config=whole.config,
        architecture=architecture,
        weights=whole.effective_weights(),
        tensors=tensors,
        vocabulary=vocabulary,
        name=request.source.name,
        provenance=provenance,
        end_ids=end_ids(whole.folder, loaded.eos_id),
    )
    return model, (*warnings, *vocabulary.warnings)


def _write_by_converter(
    request: Request, script: Path, whole: Source, staging: Staging, path: Path
) -> Written:
    elements = sum(t.elements for t in whole.weights.tensors.values())
    _check_space(request, merged_bytes(whole, "float32"), elements)
    if whole.adapter is not None:
        whole, _ = _merged(whole, staging)
    convert(script, whole.folder, path, request.first)
    return Written(
        None, (f"written by {script.name}: the file holds none of this project's own keys",)
    )


def _check_space(request: Request, first_bytes: int, elements: int) -> None:
    more = 0 if request.kind in UNQUANTISED else bytes_of(request.kind, elements)
    output.check_space(request.target, first_bytes + more)
