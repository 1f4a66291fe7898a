"""Keys that this project adds to a GGUF file, to record the weights that it was made from.

The module holds names alone, so that reading a file imports nothing else. All values but that of
``END_TOKEN_IDS`` are strings. ``docs/gguf.md`` documents the keys for other programs.
"""

PREFIX = "slm_harness."

SOURCE_WEIGHTS_SHA256 = PREFIX + "source_weights_sha256"
"""Fingerprint of the weights that the file holds, equal to ``weights_sha256`` in the record of a
run of the same ``base:``, ``merged:`` or ``adapter:`` model
(``harness.model_files.fingerprint``)."""

BASE_WEIGHTS_SHA256 = PREFIX + "base_weights_sha256"
"""In a file made from an adapter: fingerprint of the adapter's base. A LoRA fits a GGUF whose
``SOURCE_WEIGHTS_SHA256`` is equal to it."""

ADAPTER_WEIGHTS_SHA256 = PREFIX + "adapter_weights_sha256"
"""In a file made from an adapter: fingerprint of the adapter's folder."""

TOKENIZER_SHA256 = PREFIX + "tokenizer_sha256"
"""Fingerprint of the tokenizer's files (``harness.model_files.tokenizer_hash``)."""

SOURCE = PREFIX + "source"
"""The model as it was named: ``base:...`` or ``adapter:...``, without the folders above it."""

HARNESS_VERSION = PREFIX + "version"
"""Version of this project that wrote the file."""

UNDONE_NORMALIZER = PREFIX + "undone_normalizer"
"""Type of the tokenizer's normalizer that llama.cpp does not run, such as ``NFC``; absent when
there is none. A reader that normalises the text itself gets the ids that transformers gets."""

END_TOKEN_IDS = PREFIX + "end_token_ids"
"""Array of int32, sorted: the tokens that end an answer in transformers (those of
``generation_config.json`` and the tokenizer's EOS). llama.cpp's own set is guessed from spelling
and wider."""
