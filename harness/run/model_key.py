"""Names a model by content: equal keys give equal answers to equal requests."""

from functools import cache
from pathlib import Path

from harness import __version__, backends
from harness.core.modelref import ModelRef
from harness.core.plan import sha256_of
from harness.engine.model import EngineSettings
from harness.machine.accelerator import likely_device
from harness.machine.environment import versions
from harness.model_files.fingerprint import is_quickly_hashed, sha256_of_file
from harness.model_files.folders import adapter_base
from harness.model_files.hub import is_hub_id, local_copy


def model_key(ref: ModelRef, settings: EngineSettings) -> str | None:
    """SHA-256 over the files that the model opens from (weights, adapter, tokenizer, template), in
    their order, over its kind, dtype, quantisation, device and whether its own code runs, and over
    the versions of the harness and of the libraries that run it.

    ``None`` where the files are not on this machine yet, or the kind has none.
    """
    files = _files(ref)
    if not files:
        return None
    folders = list(dict.fromkeys(file.parent for file in files))
    hashes = [[folders.index(f.parent), f.name, sha256_of_file(f)] for f in files if f.is_file()]
    device = (settings.device or likely_device()).partition(":")[0]
    opened = [ref.kind, settings.dtype, settings.quantize, device]
    opened += ["its own code"] if settings.trust_remote_code else []
    return sha256_of([hashes, opened, __version__, *_versions(backends.libraries_of(ref))])


def is_known_soon(ref: ModelRef) -> bool:
    """False where the key takes long: a large file of the model was never hashed on this machine,
    so that its answers are hardly in the store."""
    return all(map(is_quickly_hashed, _files(ref)))


def _files(ref: ModelRef) -> list[Path]:
    """The files that the model opens from; none where they are not known."""
    try:
        return backends.files_of(ref) if _is_here(ref) else []
    except Exception:  # What is wrong with the model is said when it is opened.
        return []


def _is_here(ref: ModelRef) -> bool:
    """False where a part of the model is on the hub and was not downloaded yet."""
    return _has(ref.location) and (ref.kind != "adapter" or _has(adapter_base(ref)))


def _has(location: str) -> bool:
    return not is_hub_id(location) or local_copy(location) is not None


@cache
def _versions(libraries: tuple[str, ...]) -> list[list[str | None]]:
    found = versions(libraries)
    return [[name, found.get(name)] for name in libraries]
