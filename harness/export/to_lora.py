"""``harness export lora``: an adapter as a LoRA GGUF, to be applied to the GGUF of its base."""

import time
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.export_record import ExportRecord, PeakMemory
from harness.export.gguf.file_types import UNQUANTIZED, tensor_types
from harness.export.gguf.lora_file import LoraFile, check_expressible, pairs_by_tensor, write_lora
from harness.export.gguf.tensor_plan import plan
from harness.export.progress import bar, counter
from harness.export.record import make_record, publish_with_record
from harness.export.source import Fingerprints, Source
from harness.export.tensors.dtypes import STORED_AS
from harness.files import staging as output
from harness.machine.memory import peak_resident_bytes


def to_lora(source: Source, target: Path, kind: str, has_force: bool) -> ExportRecord:
    """Write ``target`` and its record beside it.

    Args:
        kind: ``f32`` or ``f16``.

    Raises:
        HarnessError: the adapter is more than a LoRA, or the target cannot be written.
    """
    start = time.monotonic()
    if source.adapter is None:
        raise HarnessError(f"{source.ref}: is a whole model, export lora is for adapters")
    check_expressible(source.adapter)
    output.check_file(target, has_force)
    architecture = source.architecture
    warnings = architecture.check(source.config)
    tensors = plan(source.config, architecture, source.weights)
    pairs = pairs_by_tensor(source.adapter, source.config, architecture, tensors)
    fingerprints = Fingerprints.of(source)
    provenance = fingerprints.provenance(source)
    lora = LoraFile(source.config, architecture, pairs, source.name, provenance)
    dtype = UNQUANTIZED[kind]
    output.check_space(target, lora.numel * STORED_AS[dtype].itemsize)
    with output.staged(target) as staging:
        written = staging.path("gguf")
        with bar(f"writing {kind}") as advance:
            write_lora(lora, written, dtype, counter(advance, lora.numel))
        record = make_record(
            kind="lora",
            type=kind,
            source=source,
            source_weights_sha256=None,
            fingerprints=fingerprints,
            outputs={target.name: written},
            tensors=tensor_types(written),
            fallbacks=(),
            pre_tokenizer=None,
            warnings=(*fingerprints.warnings(source), *warnings),
            peak_memory=PeakMemory(peak_resident_bytes()),
            merged_in=None,
            start=start,
        )
        sketch = fingerprints.sketch(source)
        publish_with_record(record, staging, written, target, sketch)
    return record
