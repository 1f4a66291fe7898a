"""``harness export merge``: an adapter merged into its base, as a folder."""

import shutil
import time
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.export_record import ExportRecord, PeakMemory
from harness.export.merged_folder import DTYPES, merged_bytes, write_merged
from harness.export.progress import bar, counter
from harness.export.record import make_record, text_of
from harness.export.source import Fingerprints, Source
from harness.export.tensors.weights import StoredWeights
from harness.files import staging as output
from harness.files.atomic import publish_folder
from harness.model_files.fingerprint import folder_hash
from harness.model_files.trained_rows import sketch_place

NAMES = {stored: name for name, stored in DTYPES.items()}


def to_merged(source: Source, target: Path, wanted: str | None, has_force: bool) -> ExportRecord:
    """Write the folder ``target``, its record within.

    Args:
        wanted: a key of ``DTYPES``; ``None`` keeps the dtype of the stored base.

    Raises:
        HarnessError: adapter and base do not fit, or the target cannot be written.
    """
    start = time.monotonic()
    if source.adapter is None:
        raise HarnessError(f"{source.ref}: is a whole model, there is no adapter to merge")
    output.check_folder(target, has_force, (source.folder, source.adapter.folder))
    dtype = wanted or NAMES[source.weights.main_dtype]
    output.check_space(target, merged_bytes(source, dtype))
    if source.adapter.beyond_pairs is None:
        # Check that adapter and base fit before hashing every byte of them.
        source.effective_weights()
    fingerprints = Fingerprints.of(source)
    with output.staged(target) as staging:
        folder = staging.path("folder")
        folder.mkdir()
        with bar(f"merging in float32, writing {dtype}") as advance:
            peak = write_merged(source, folder, dtype, counter(advance, source.weights.numel))
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        record = make_record(
            kind="merge",
            type=dtype,
            source=source,
            source_weights_sha256=folder_hash(folder),
            fingerprints=fingerprints,
            outputs={path.relative_to(folder).as_posix(): path for path in files},
            tensors=_dtypes(folder),
            fallbacks=(),
            pre_tokenizer=None,
            warnings=fingerprints.warnings(source),
            peak_memory=PeakMemory(peak),
            start=start,
        )
        (folder / output.RECORD_FILE).write_text(text_of(record), "utf-8")
        if sketch := fingerprints.sketch(source):
            shutil.copyfile(sketch, sketch_place(folder))
        publish_folder(folder, target, staging.path("previous"))
    return record


def _dtypes(folder: Path) -> dict[str, int]:
    """Number of tensors of the folder by stored dtype."""
    counts: dict[str, int] = {}
    for tensor in StoredWeights(folder).tensors.values():
        counts[tensor.dtype.lower()] = counts.get(tensor.dtype.lower(), 0) + 1
    return counts
