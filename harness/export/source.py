"""Opens the source of an export: a model's folder, or an adapter and its base."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.export.gguf.architecture import Architecture, architecture_of
from harness.export.merging.adapter import Adapter, read_adapter
from harness.export.merging.base_copies import without_base_copies
from harness.export.merging.merged_weights import MergedWeights
from harness.export.tensors.model_config import ModelConfig
from harness.export.tensors.weights import HEAD, StoredWeights, TensorReader
from harness.files.hash_memory import Stamp
from harness.model_files import provenance_keys
from harness.model_files.adapter import read_adapter_files, require_fit, unheld_revision
from harness.model_files.fingerprint import (
    adapted_hash,
    deciding_files,
    file_hashes,
    stamp_of,
    weights_hash,
)
from harness.model_files.folders import (
    ADAPTER_CONFIG,
    adapter_base,
    check_adapter,
    check_whole_model,
    tokenizer_folder,
)
from harness.model_files.hub import local_folder
from harness.model_files.tokenizer_hash import tokenizer_hash
from harness.model_files.trained_rows import own_sketch
from harness.model_files.training_record import training_warnings

KINDS = ("base", "merged", "adapter")


@dataclass(frozen=True, slots=True)
class Source:
    """A model in transformers' format, whose headers are read but not its weights."""

    ref: ModelRef
    folder: Path
    """Folder of the whole model; for an adapter, of its base."""
    config: ModelConfig
    weights: StoredWeights
    """Weights of the whole model, without the adapter."""
    adapter: Adapter | None
    tokenizer_folder: Path
    stamps: Mapping[Path, Stamp | None]
    """Size, times and inode of every file that decides the export, as it was before it was read."""

    def require_unchanged(self) -> None:
        """Refuse an export that may be mixed from two models.

        Raises:
            HarnessError: a file was replaced since the source was opened.
        """
        for path, stamp in self.stamps.items():
            if stamp_of(path) != stamp:
                raise HarnessError(f"{path} was replaced while it was exported, run it again")

    @property
    def name(self) -> str:
        """Short name: the last part of the typed location."""
        name = self.ref.name
        return Path(self.ref.location).resolve().name if name in (".", "..") else name

    @property
    def architecture(self) -> Architecture:
        """The architecture's file. Raises HarnessError where there is none."""
        return architecture_of(self.config)

    def effective_weights(self) -> TensorReader:
        """The weights, with a plain adapter merged in tensor by tensor."""
        if self.adapter is None:
            return self.weights
        return MergedWeights(self.weights, self.adapter, self.config)


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Hashes of all files that an export reads."""

    base_files: dict[str, str]
    adapter_files: dict[str, str] | None
    tokenizer: str

    @classmethod
    def of(cls, source: Source) -> "Fingerprints":
        """Read every file once. Takes about a second for each gigabyte."""
        return cls(
            file_hashes(source.folder),
            file_hashes(source.adapter.folder) if source.adapter else None,
            tokenizer_hash(source.tokenizer_folder),
        )

    @property
    def base(self) -> str:
        return weights_hash(self.base_files)

    @property
    def adapter(self) -> str | None:
        return weights_hash(self.adapter_files) if self.adapter_files is not None else None

    @property
    def source(self) -> str:
        """The ``weights_sha256`` in the record of a run of the same model."""
        return self.base if self.adapter is None else adapted_hash(self.base, self.adapter)

    def warnings(self, source: Source) -> tuple[str, ...]:
        """Warnings about the adapter and its base together."""
        if source.adapter is None:
            return ()
        unheld = unheld_revision(source.adapter.config, source.folder)
        pinned = (f"the adapter pins {unheld}: give that revision's folder with --base",)
        return (*(pinned if unheld else ()), *training_warnings(source.adapter.folder, self.base))

    def sketch(self, source: Source) -> Path | None:
        """The sketch of the rows that the adapter, or the merged model, was trained on."""
        if source.adapter is not None and self.adapter_files is not None:
            return own_sketch(source.adapter.folder, self.adapter_files)
        return own_sketch(source.folder, self.base_files)

    def provenance(self, source: Source) -> dict[str, str]:
        """Provenance keys of every kind of file."""
        from harness import __version__

        keys = {
            provenance_keys.SOURCE: f"{'adapter' if source.adapter else 'base'}:{source.name}",
            provenance_keys.HARNESS_VERSION: __version__,
        }
        if self.adapter is not None:
            keys[provenance_keys.ADAPTER_WEIGHTS_SHA256] = self.adapter
            keys[provenance_keys.BASE_WEIGHTS_SHA256] = self.base
        return keys

    def model_provenance(self, source: Source) -> dict[str, str]:
        """Provenance keys of a file that holds a whole model."""
        return {
            **self.provenance(source),
            provenance_keys.SOURCE_WEIGHTS_SHA256: self.source,
            provenance_keys.TOKENIZER_SHA256: self.tokenizer,
        }


def open_source(text: str, base: str | None = None) -> Source:
    """Open a typed source: ``adapter:out/``, ``base:...``, or just the folder.

    Args:
        base: the adapter's base, in place of the one that it names.

    Raises:
        HarnessError: there is nothing that can be exported.
    """
    ref = _ref(text)
    if ref.kind == "adapter":
        return _open_adapter(ref, base)
    if base is not None:
        raise HarnessError(f"{text}: is a whole model, --base is for adapters")
    check_whole_model(str(ref), ref.location)
    folder = local_folder(ref.location)
    return replace(open_folder(folder), ref=ref)


def open_folder(folder: Path) -> Source:
    """Open a whole model's folder that is known to hold one."""
    ref, stamps = ModelRef("base", str(folder)), _stamps(folder)
    return Source(ref, folder, _config(folder), StoredWeights(folder), None, folder, stamps)


def _stamps(folder: Path) -> dict[Path, Stamp | None]:
    return {path: stamp_of(path) for path in deciding_files(folder)}


def _open_adapter(ref: ModelRef, base: str | None) -> Source:
    check_adapter(str(ref), ref.location)
    folder = local_folder(ref.location)
    stamps, adapter = _stamps(folder), read_adapter(folder)
    named = base or _named_base(ref)
    check_whole_model(f"{ref}: its base", named)
    whole = open_folder(local_folder(named))
    require_fit(read_adapter_files(adapter.folder), whole.folder)
    return replace(
        whole,
        ref=ref,
        adapter=replace(
            without_base_copies(adapter, whole.weights),
            is_over_tied_head=_is_over_tied_head(adapter, whole),
        ),
        tokenizer_folder=tokenizer_folder(adapter.folder, whole.folder),
        stamps={**whole.stamps, **stamps},
    )


def _is_over_tied_head(adapter: Adapter, whole: Source) -> bool:
    if not any(f"{pair.module}.weight" == HEAD for pair in adapter.pairs):
        return False
    is_said_untied = whole.config.values.get("tie_word_embeddings") is False
    return not ((is_said_untied and HEAD in whole.weights.tensors) or whole.weights.has_own_head)


def _named_base(ref: ModelRef) -> str:
    try:
        return adapter_base(ref)
    except HarnessError as error:
        # The option is spelt for pytest there.
        raise HarnessError(*(m.removeprefix("--model ") for m in error.mistakes)) from None


def _ref(text: str) -> ModelRef:
    kind = text.partition(":")[0]
    if kind in KINDS:
        return ModelRef.parse(text)
    if ":" in text and not Path(text).exists():
        raise HarnessError(
            f"{text}: only {', '.join(KINDS)} models are exported, or a folder of one"
        )
    is_adapter = (Path(text) / ADAPTER_CONFIG).is_file()
    return ModelRef.parse(f"{'adapter' if is_adapter else 'base'}:{text}")


def _config(folder: Path) -> ModelConfig:
    config = ModelConfig(folder / "config.json")
    stored: Any = config.values.get("quantization_config")
    if stored:
        method = stored.get("quant_method", "?") if isinstance(stored, dict) else stored
        raise HarnessError(
            f"{folder}: is stored quantised ({method!s:.40}), export the unquantised model; for an "
            "adapter, name the unquantised base with --base"
        )
    return config
