"""The files beside an adapter's weights that say how it is applied and how it came to be."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.files.strict_json import UnreadableFile, read_object
from harness.model_files.fingerprint import sha256_of_file
from harness.model_files.folders import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from harness.model_files.training_record import FILE, describes


@dataclass(frozen=True, slots=True)
class AdapterRecords:
    """An adapter's configuration and training, and the weights that they belong to."""

    config: Mapping[str, Any]
    """``adapter_config.json``."""
    training: Mapping[str, Any]
    """``training.json``; empty where there is none."""
    sha256: str
    """Of the weights' file."""
    size_bytes: int


def read_records(folder: Path) -> AdapterRecords:
    """Read an adapter's folder.

    Raises:
        HarnessError: it is no adapter, or its ``training.json`` tells of other weights.
    """
    weights = folder / ADAPTER_WEIGHTS
    config = _object(folder / ADAPTER_CONFIG)
    if not weights.is_file():
        raise HarnessError(f"{folder}: has no {ADAPTER_WEIGHTS}, name an adapter's folder")
    sha256 = sha256_of_file(weights)
    training = _object(folder / FILE) if (folder / FILE).is_file() else {}
    if training and not describes(folder, {ADAPTER_WEIGHTS: sha256}):
        raise HarnessError(
            f"{folder}/{FILE}: tells of other weights than {ADAPTER_WEIGHTS}, take it away or "
            "train again"
        )
    return AdapterRecords(config, training, sha256, weights.stat().st_size)


def _object(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise HarnessError(f"{path.parent}: has no {path.name}, name an adapter's folder")
    try:
        return read_object(path)
    except UnreadableFile as error:
        raise HarnessError(f"{path}: {error}") from None
