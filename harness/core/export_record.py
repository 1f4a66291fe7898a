"""``export.json``: what was made of what, how, and what to mind. Values only.

The published shape is ``harness/records/schemas/export.schema.json``.
"""

from dataclasses import dataclass

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Output:
    """One file that was written."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Input:
    """One folder that was read."""

    folder: str
    """As it was named or found."""
    files: dict[str, str]
    """SHA-256 by file name."""
    weights_sha256: str


@dataclass(frozen=True, slots=True)
class PeakMemory:
    """Peak resident bytes; ``None`` where a step did not happen."""

    convert_bytes: int | None
    quantize_bytes: int | None = None
    merge_bytes: int | None = None
    """Of peft's own merge, where the adapter was more than a LoRA."""


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """One export."""

    kind: str
    """``gguf``, ``lora`` or ``merge``."""
    type: str
    """Of the weights written: ``q4_k_m``, ``bfloat16``."""
    source: str
    """The model as it was named."""
    source_weights_sha256: str | None
    """Fingerprint of the weights written; ``None`` for a LoRA, which holds none."""
    base: Input
    adapter: Input | None
    tokenizer_sha256: str
    architecture: str
    merged_in: str | None
    """What an adapter was added to its base in."""
    outputs: dict[str, Output]
    tensors: dict[str, int]
    """How many tensors are stored in each type."""
    fallbacks: tuple[str, ...]
    """Tensors that could not have the type asked for."""
    pre_tokenizer: str | None
    warnings: tuple[str, ...]
    peak_memory: PeakMemory
    seconds: float
    command: tuple[str, ...]
    created: str
    versions: dict[str, str]
    schema_version: int = SCHEMA_VERSION
