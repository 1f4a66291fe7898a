"""One hash over what decides how text becomes tokens, and over nothing else.

Tools write more than that into a tokenizer's files: where they loaded it from, how they padded a
batch, what ``tokenizer.json`` says already. Two adapters of one base differ in these and not in
their tokens. What is not known to decide nothing is hashed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.core.plan import sha256_of
from harness.files.strict_json import UnreadableFile, read_object
from harness.model_files.fingerprint import sha256_of_file

FAST = "tokenizer.json"
CONFIG = "tokenizer_config.json"
SPECIAL = "special_tokens_map.json"
SLOW = ("vocab.json", "merges.txt", "vocab.txt", "*.model", "*.tiktoken", "added_tokens.json")
"""Read in place of ``tokenizer.json``, where that is not there."""
DECIDES_NOTHING = frozenset(
    {
        # Where it was loaded from, and by what.
        "_commit_hash",
        "_from_auto",
        "_name_or_path",
        "backend",
        "cache_dir",
        "files_loaded",
        "force_download",
        "is_local",
        "local_files_only",
        "name_or_path",
        "processor_class",
        "proxies",
        "resume_download",
        "revision",
        "special_tokens_map_file",
        "subfolder",
        "token",
        "tokenizer_file",
        "transformers_version",
        "trust_remote_code",
        "use_auth_token",
        "use_fast",
        # How a batch is cut and filled; prompts are neither, and padding is masked.
        "max_length",
        "model_max_length",
        "pad_to_multiple_of",
        "pad_token",
        "pad_token_type_id",
        "padding_side",
        "stride",
        "truncation_side",
        "truncation_strategy",
        # A hash of its own.
        "chat_template",
    }
)
"""Keys of ``tokenizer_config.json``."""
IN_FAST = frozenset(
    {
        "add_bos_token",
        "add_eos_token",
        "added_tokens_decoder",
        "additional_special_tokens",
        "extra_special_tokens",
    }
)
"""Keys that ``tokenizer.json`` goes before, where that is there."""
SET_FOR_EVERY_TEXT = ("truncation", "padding")
"""Keys of ``tokenizer.json`` that transformers sets again whenever it is called."""


def tokenizer_hash(folder: Path) -> str:
    """SHA-256 over what decides how the tokenizer in ``folder`` divides a text."""
    has_fast = (folder / FAST).is_file()
    found: dict[str, Any] = {}
    try:
        config = {**read_object(folder / SPECIAL), **read_object(folder / CONFIG)}
        found["config"] = _deciding(config, has_fast=has_fast)
        found["files"] = _fast(read_object(folder / FAST)) if has_fast else _files(folder, SLOW)
    except UnreadableFile:  # It is not opened either: its bytes are as good as anything.
        found["files"] = _files(folder, (SPECIAL, CONFIG, FAST, *SLOW))
    return sha256_of(found)


def _deciding(config: Mapping[str, Any], *, has_fast: bool) -> dict[str, Any]:
    left_out = DECIDES_NOTHING | IN_FAST if has_fast else DECIDES_NOTHING
    kept = {
        key: _text(value) if has_fast else value
        for key, value in config.items()
        if key not in left_out and value is not None
    }
    if isinstance(kept.get("tokenizer_class"), str):
        kept["tokenizer_class"] = kept["tokenizer_class"].removesuffix("Fast")
    return kept


def _text(value: Any) -> Any:
    """The text of a special token, which some tools write as an object."""
    is_token = isinstance(value, dict) and isinstance(value.get("content"), str)
    return value["content"] if is_token else value


def _files(folder: Path, patterns: tuple[str, ...]) -> dict[str, str]:
    files = sorted({path for pattern in patterns for path in folder.glob(pattern)})
    return {path.name: sha256_of_file(path) for path in files}


def _fast(content: Mapping[str, Any]) -> dict[str, Any]:
    """What decides tokens in ``tokenizer.json``; an affix of words that is empty is none."""
    model = content.get("model")
    if isinstance(model, dict):
        model = {key: value for key, value in model.items() if value not in (None, "")}
    kept = {key: value for key, value in content.items() if key not in SET_FOR_EVERY_TEXT}
    return {**kept, "model": model}
