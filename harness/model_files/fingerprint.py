"""Hashes of the files that decide what a model says."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from harness.core.plan import sha256_of
from harness.files.hash_memory import Stamp, recall, remember
from harness.model_files.foreign_code import code_files

WEIGHTS = ("*.safetensors", "*.bin", "*.gguf")
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "*.model")
TEMPLATE = ("chat_template.jinja", "chat_template.json")
BESIDE = (
    "added_tokens.json",
    "special_tokens_map.json",
    "vocab.txt",
    "*.tiktoken",
    "*.index.json",
    "additional_chat_templates/*.jinja",
)
"""Further files that the libraries read beside these."""
CONFIG = ("config.json", "generation_config.json", "adapter_config.json")

QUICK_BYTES = 100_000_000
"""A file of this size is hashed in about a tenth of a second."""


def file_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of ``folder`` that decides weights, tokens or the prompt, by name."""
    return {path.name: sha256_of_file(path) for path in deciding_files(folder)}


def deciding_files(folder: Path) -> list[Path]:
    """The files of ``folder`` that decide weights, tokens or the prompt, and the code that the
    model brings along."""
    patterns = (*WEIGHTS, *TOKENIZER, *TEMPLATE, *BESIDE, *CONFIG)
    found = {path for pattern in patterns for path in folder.glob(pattern)}
    return sorted({*found, *code_files(folder)})


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file, which is read once as long as its stamp stays the same: a large one once
    on this machine, another once in this process."""
    return _sha256(path, stamp_of(path))


def is_quickly_hashed(path: Path) -> bool:
    """True for a file that is small, or whose hash this machine remembers."""
    stamp = stamp_of(path)
    return stamp is None or stamp[2] < QUICK_BYTES or recall(path, stamp) is not None


@lru_cache(maxsize=1024)
def _sha256(path: Path, stamp: Stamp | None) -> str:
    if stamp is not None and (known := recall(path, stamp)):
        return known
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if stamp is not None and stamp_of(path) == stamp:
        remember(path, stamp, found)
    return found


def stamp_of(path: Path) -> Stamp | None:
    """The stamp of a file, links followed; ``None`` where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def folder_hash(folder: Path) -> str:
    """The fingerprint of a model's or an adapter's folder: ``weights_sha256`` of a run's record."""
    return weights_hash(file_hashes(folder))


def adapted_hash(base: str | None, adapter: str | None) -> str:
    """The fingerprint of a base with an adapter over it, of the ``weights_hash`` of each."""
    return sha256_of([base, adapter])


def weights_hash(hashes: Mapping[str, str]) -> str:
    """One hash over the weights among ``file_hashes`` and the config that says how to read them.

    The configuration belongs to it: an adapter with another ``lora_alpha`` is another model.
    """
    suffixes = tuple(pattern.removeprefix("*") for pattern in WEIGHTS)
    return sha256_of({n: h for n, h in hashes.items() if n.endswith(suffixes) or n in CONFIG})
