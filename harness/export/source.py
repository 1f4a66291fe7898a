"""What is exported: a model's folder, or an adapter and the base below it."""

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
from harness.export.tensors.weights import StoredWeights, TensorReader
from harness.model_files import provenance_keys
from harness.model_files.fingerprint import adapted_hash, file_hashes, tokenizer_hash, weights_hash
from harness.model_files.folders import (
    ADAPTER_CONFIG,
    adapter_base,
    check_adapter,
    check_whole_model,
    tokenizer_folder,
)
from harness.model_files.hub import local_folder
from harness.model_files.training_record import training_warnings

KINDS = ("base", "merged", "adapter")


@dataclass(frozen=True, slots=True)
class Source:
    """A model in transformers' form, opened but not read."""

    ref: ModelRef
    folder: Path
    """Of the whole model: the base's, where it is an adapter."""
    config: ModelConfig
    weights: StoredWeights
    """The whole model's, without the adapter."""
    adapter: Adapter | None
    tokenizer_folder: Path

    @property
    def name(self) -> str:
        """What to call it: the last part of what was typed."""
        name = self.ref.name
        return Path(self.ref.location).resolve().name if name in (".", "..") else name

    @property
    def architecture(self) -> Architecture:
        """Raises HarnessError where no file knows the architecture."""
        return architecture_of(self.config)

    def effective_weights(self) -> TensorReader:
        """The weights with a plain adapter merged in, tensor by tensor."""
        if self.adapter is None:
            return self.weights
        return MergedWeights(self.weights, self.adapter, self.config)


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Hashes of everything that an export reads."""

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
        """What to mind of adapter and base together."""
        if source.adapter is None:
            return ()
        return training_warnings(source.adapter.folder, self.base)

    def provenance(self, source: Source) -> dict[str, str]:
        """The provenance keys that every kind of file has."""
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
        """Those of a file that holds a whole model."""
        return {
            **self.provenance(source),
            provenance_keys.SOURCE_WEIGHTS_SHA256: self.source,
            provenance_keys.TOKENIZER_SHA256: self.tokenizer,
        }


def open_source(text: str, base: str | None = None) -> Source:
    """Open what a user named: ``adapter:out/``, ``base:...``, or just the folder.

    Args:
        base: the base to put an adapter over, before the one it names itself.

    Raises:
        HarnessError: nothing that can be exported is there.
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
    ref = ModelRef("base", str(folder))
    return Source(ref, folder, _config(folder), StoredWeights(folder), None, folder)


def _open_adapter(ref: ModelRef, base: str | None) -> Source:
    check_adapter(str(ref), ref.location)
    adapter = read_adapter(Path(ref.location))
    named = base or _named_base(ref)
    check_whole_model(f"{ref}: its base", named)
    whole = open_folder(local_folder(named))
    return replace(
        whole,
        ref=ref,
        adapter=without_base_copies(adapter, whole.weights),
        tokenizer_folder=tokenizer_folder(adapter.folder, whole.folder),
    )


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
    folder = Path(text)
    is_adapter = (folder / ADAPTER_CONFIG).is_file()
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
