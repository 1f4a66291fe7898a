"""``harness export gguf``: a model, or an adapter merged into its base, as one GGUF file."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.export_record import ExportRecord, ImatrixRecord, PeakMemory
from harness.core.printable import excerpt
from harness.export.gguf.converter import convert, converter_script
from harness.export.gguf.file_types import (
    UNQUANTIZED,
    bytes_of,
    check_type,
    quantized,
    tensor_types,
)
from harness.export.gguf.gguf_file import ModelFile, end_warnings, write_model
from harness.export.gguf.imatrix import Calibration, collect
from harness.export.gguf.imatrix_file import check_matrix, read_matrix, without_matrix
from harness.export.gguf.quantizer import Quantized, quantize
from harness.export.gguf.tensor_plan import plan
from harness.export.merged_folder import merged_bytes, write_merged
from harness.export.progress import bar, counter
from harness.export.record import make_record, publish_with_record
from harness.export.source import Fingerprints, Source, open_folder
from harness.export.tokenizer.tokenizer_form import vocabulary_of
from harness.export.tokenizer.tokenizer_reading import read_tokenizer
from harness.files import staging as output
from harness.files.staging import Staging
from harness.files.strict_json import UnreadableFile
from harness.machine.memory import peak_resident_bytes
from harness.model_files import provenance_keys
from harness.model_files.end_tokens import configured_end_ids, end_ids
from harness.model_files.fingerprint import sha256_of_file
from harness.model_files.folder_tokens import folder_tokens
from harness.model_files.gguf_header import read_gguf_header
from harness.model_files.token_findings import prompt_findings

STORED_TYPES = {dtype: name for name, dtype in UNQUANTIZED.items()}


@dataclass(frozen=True, slots=True)
class GgufRequest:
    """A requested export to GGUF."""

    source: Source
    target: Path
    kind: str
    """A type of ``file_types``."""
    converter: Path | None
    """The script of a llama.cpp checkout that writes the file in our place."""
    importance: Path | Calibration | None = None
    """An importance matrix, or the conversations to collect one from."""

    @property
    def first(self) -> str:
        """The type that is written first, from which the quantiser starts. Merged weights are
        written in float32, so that they are rounded once."""
        if self.kind in UNQUANTIZED:
            return self.kind
        return "f32" if self.source.adapter else STORED_TYPES[self.source.weights.main_dtype]


def to_gguf(
    source: Source,
    target: Path,
    wanted: str | None,
    *,
    has_force: bool = False,
    converter: Path | None = None,
    importance: Path | Calibration | None = None,
) -> ExportRecord:
    """Write ``target`` and its record beside it.

    Args:
        wanted: a type of ``file_types``; ``None`` keeps the type of the stored weights.
        converter: a llama.cpp checkout whose script converts the model.
        importance: of a quantised type, an importance matrix or the data to collect one from.

    Raises:
        HarnessError: the model, the type or the target cannot be used.
    """
    start = time.monotonic()
    output.check_file(target, has_force)
    script = converter_script(converter) if converter else None
    kind = wanted or STORED_TYPES[source.weights.main_dtype]
    if importance is not None:
        _check_importance(kind, importance)
    request = GgufRequest(source, target, kind, script, importance)
    with output.staged(target) as staging:
        record, sketch = _written(request, staging, start)
        publish_with_record(record, staging, staging.path("gguf"), target, sketch)
    return record


def _check_importance(kind: str, importance: Path | Calibration) -> None:
    """Find the mistakes that can be found before anything is written."""
    check_type(kind, has_matrix=True)
    if isinstance(importance, Path):
        read_matrix(importance)


def _written(
    request: GgufRequest, staging: Staging, start: float
) -> tuple[ExportRecord, Path | None]:
    """Write the file into ``staging``; returns its record and the sketch of the training rows."""
    source = request.source
    whole, merge_peak = _whole(source, staging)
    model = None if request.converter else _model_file(source, whole)
    _check_space(request, whole, model)
    # Last, because it reads every byte: mistakes are found before it.
    fingerprints = Fingerprints.of(source)
    if model:
        _write(request, model, fingerprints, staging)
    else:
        _write_by_converter(request, whole, staging)
    first_peak = peak_resident_bytes()
    matrix = _matrix(request, staging)
    quantized_ = _quantize(request, staging, matrix)
    written = staging.path("gguf")
    record = make_record(
        kind="gguf",
        type=request.kind,
        source=source,
        fingerprints=fingerprints,
        source_weights_sha256=fingerprints.source,
        outputs={request.target.name: written},
        tensors=tensor_types(written),
        fallbacks=tuple(f"{f.tensor}: {f.wanted} -> {f.got}" for f in quantized_.fallbacks),
        pre_tokenizer=model.vocabulary.pre if model else None,
        warnings=(
            *fingerprints.warnings(source),
            *_warnings(request, whole, model),
            *_prompt_warnings(source),
            *(_matrix_warnings(matrix) if matrix else ()),
        ),
        imatrix=matrix.record if matrix else None,
        peak_memory=PeakMemory(first_peak, quantized_.peak_bytes, merge_peak),
        start=start,
    )
    return record, fingerprints.sketch(source)


def _whole(source: Source, staging: Staging) -> tuple[Source, int | None]:
    """The source, or peft's merge of it where only peft can merge it.

    The second value is the peak memory of peft's process.
    """
    if source.adapter is None or source.adapter.beyond_pairs is None:
        return source, None
    return _merged(source, staging)


def _merged(source: Source, staging: Staging) -> tuple[Source, int]:
    """The adapter merged in float32, in a temporary folder beside the target."""
    output.check_space(staging.target, merged_bytes(source, "float32"))
    folder = staging.path("merged")
    folder.mkdir()
    peak = write_merged(source, folder, "float32", lambda numel: None)
    return open_folder(folder), peak


def _model_file(source: Source, whole: Source) -> ModelFile:
    """Everything that is written except the weights and their hashes.

    ``whole`` is the model that is written: the typed source, or peft's merge of it.

    Raises:
        HarnessError: GGUF cannot express the model or its tokenizer.
    """
    architecture = whole.architecture
    architecture.check(whole.config)
    tensors = plan(whole.config, architecture, whole.weights)
    weights = whole.effective_weights()
    loaded = read_tokenizer(whole.tokenizer_folder)
    rows = next(t.shape[0] for t in tensors if t.name == "token_embd.weight")
    return ModelFile(
        config=whole.config,
        architecture=architecture,
        weights=weights,
        tensors=tensors,
        vocabulary=vocabulary_of(loaded, rows, whole.tokenizer_folder),
        name=source.name,
        end_ids=_end_ids(whole.folder, loaded.eos_id),
    )


def _end_ids(folder: Path, eos: int | None) -> tuple[int, ...]:
    try:
        _, configured = configured_end_ids(folder)
    except UnreadableFile as error:
        raise HarnessError(f"{folder}/{error}, copy the model again") from None
    return tuple(sorted(end_ids(tuple(configured), eos)))


def _check_space(request: GgufRequest, whole: Source, model: ModelFile | None) -> None:
    first = UNQUANTIZED[request.first]
    needed = model.bytes_as(first) if model else merged_bytes(whole, "float32")
    if request.kind not in UNQUANTIZED:
        needed += bytes_of(request.kind, whole.weights.numel)
    output.check_space(request.target, needed)


def _unquantized(request: GgufRequest, staging: Staging) -> Path:
    return staging.path("gguf" if request.kind in UNQUANTIZED else "unquantised")


def _write(
    request: GgufRequest, model: ModelFile, fingerprints: Fingerprints, staging: Staging
) -> None:
    provenance = fingerprints.model_provenance(request.source)
    if model.vocabulary.undone_normalizer:
        provenance[provenance_keys.UNDONE_NORMALIZER] = model.vocabulary.undone_normalizer
    with bar(f"writing {request.first}") as advance:
        write_model(
            replace(model, provenance=provenance),
            _unquantized(request, staging),
            UNQUANTIZED[request.first],
            counter(advance, model.numel),
        )


def _write_by_converter(request: GgufRequest, whole: Source, staging: Staging) -> None:
    assert request.converter is not None
    if whole.adapter is not None:
        whole, _ = _merged(whole, staging)
    convert(request.converter, whole.folder, _unquantized(request, staging), request.first)


@dataclass(frozen=True, slots=True)
class _Matrix:
    """The importance matrix that a file is quantised by."""

    file: Path
    record: ImatrixRecord
    lacking: tuple[str, ...]
    """Weights of the blocks that it says nothing about."""


def _matrix(request: GgufRequest, staging: Staging) -> _Matrix | None:
    """The importance matrix, collected where the user gave data."""
    given = request.importance
    if given is None:
        return None
    source = _unquantized(request, staging)
    file = given if isinstance(given, Path) else staging.path("imatrix")
    if isinstance(given, Path):
        record = ImatrixRecord(str(given), sha256_of_file(given))
    else:
        record = _collected(given, source, file, staging.path("asked"))
    matrix, header = read_matrix(file), read_gguf_header(source)
    check_matrix(file, matrix, header)
    return _Matrix(file, record, without_matrix(matrix, header))


def _collected(data: Calibration, source: Path, file: Path, asked: Path) -> ImatrixRecord:
    with bar("collecting an importance matrix") as advance:
        found = collect(source, data, file, asked, lambda n, of: advance(n / max(1, of)))
    count = len(data.conversations) - found.refused
    return ImatrixRecord(data.name, sha256_of_file(file), count, found.tokens, found.refused)


def _matrix_warnings(matrix: _Matrix) -> Iterator[str]:
    record = matrix.record
    if record.refused:
        yield (
            f"--imatrix {record.source}: the chat template refuses {record.refused} conversations, "
            "which were left out"
        )
    if matrix.lacking:
        yield (
            f"--imatrix {record.source}: does not have {excerpt(matrix.lacking[0])} "
            f"(of weights of blocks {len(matrix.lacking):,} in all), quantised as if without"
        )


def _quantize(request: GgufRequest, staging: Staging, matrix: _Matrix | None) -> Quantized:
    if request.kind in UNQUANTIZED:
        return Quantized((), None)
    source = _unquantized(request, staging)
    with bar(f"quantising to {request.kind}") as advance:
        number = quantized()[request.kind]
        done = quantize(
            source,
            staging.path("gguf"),
            number,
            lambda n, of: advance(n / max(1, of)),
            matrix.file if matrix else None,
        )
    source.unlink()
    return done


def _prompt_warnings(source: Source) -> Iterator[str]:
    """Findings on the prompts of the chat template, which whoever runs the file will meet."""
    for finding in prompt_findings(folder_tokens(source.tokenizer_folder, source.folder)):
        yield str(finding)


def _warnings(request: GgufRequest, whole: Source, model: ModelFile | None) -> tuple[str, ...]:
    if model:
        own = (*model.vocabulary.warnings, *end_warnings(model.end_ids))
        return (*model.architecture.check(whole.config), *own)
    assert request.converter is not None
    name = request.converter.name
    return (f"written by {name}: the file holds none of this project's own keys",)
