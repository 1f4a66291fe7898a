"""The record of an export, as ``export.json`` holds it: files, types, versions, warnings.

The published schema is ``harness/records/schemas/export.schema.json``.
"""

from dataclasses import dataclass, field

from harness.core.template_arguments import Scalar

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class ExportOutput:
    """One file that was written."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class ExportInput:
    """One folder that was read."""

    folder: str
    """The path as it was named or found."""
    files: dict[str, str]
    """SHA-256 by file name."""
    weights_sha256: str


@dataclass(frozen=True, slots=True)
class PeakMemory:
    """Peak resident bytes; ``None`` where a step did not happen."""

    convert_bytes: int | None
    quantize_bytes: int | None = None
    merge_bytes: int | None = None
    """Peak of peft's own merge, where the adapter was more than a LoRA."""


@dataclass(frozen=True, slots=True)
class ImatrixRecord:
    """The importance matrix of a quantised file."""

    source: str
    """The data that it was collected from, or its file, as typed."""
    sha256: str
    """Hash of the matrix's file."""
    conversations: int | None = None
    """Those that it was collected from; ``None`` for a given file."""
    tokens: int | None = None
    refused: int = 0
    """Conversations that the chat template refuses."""


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """One export."""

    kind: str
    """``gguf``, ``lora``, ``merge``, ``ollama``, or ``import`` of a GGUF file."""
    type: str
    """Type of the written weights: ``q4_k_m``, ``bfloat16``."""
    source: str
    """The model's ref or path, as typed."""
    source_weights_sha256: str | None
    """Fingerprint of the written weights; ``None`` for a LoRA."""
    base: ExportInput
    adapter: ExportInput | None
    tokenizer_sha256: str
    architecture: str
    merged_in: str | None
    """Dtype in which an adapter was merged into its base."""
    outputs: dict[str, ExportOutput]
    tensors: dict[str, int]
    """Number of tensors by stored type."""
    fallbacks: tuple[str, ...]
    """Tensors that could not be stored in the requested type."""
    pre_tokenizer: str | None
    warnings: tuple[str, ...]
    peak_memory: PeakMemory
    seconds: float
    command: tuple[str, ...]
    created: str
    versions: dict[str, str]
    imatrix: ImatrixRecord | None = None
    """``None`` where llama.cpp quantised without one."""
    template_arguments: dict[str, Scalar] = field(default_factory=dict)
    """Arguments of the chat template with which a Modelfile's template was proven."""
    schema_version: int = SCHEMA_VERSION
