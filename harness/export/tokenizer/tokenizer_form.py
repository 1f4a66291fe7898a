"""Chooses the one of GGUF's two forms in which a tokenizer is stored."""

from pathlib import Path

from harness.core.errors import HarnessError
from harness.export.tokenizer.byte_level import byte_level_vocabulary
from harness.export.tokenizer.sentencepiece import sentencepiece_vocabulary
from harness.export.tokenizer.tokenizer_reading import LoadedTokenizer
from harness.export.tokenizer.vocabulary import GgufVocabulary


def vocabulary_of(loaded: LoadedTokenizer, rows: int, folder: Path) -> GgufVocabulary:
    """The tokenizer in GGUF's form.

    Args:
        rows: rows of the model's embedding.
        folder: the tokenizer's folder, for messages.

    Raises:
        HarnessError: GGUF cannot express it.
    """
    model = loaded.rules["model"]
    is_byte_level = model["type"] == "BPE" and not model.get("byte_fallback")
    form = byte_level_vocabulary if is_byte_level else sentencepiece_vocabulary
    try:
        return form(loaded, rows)
    except HarnessError as error:
        raise HarnessError(f"{folder}: {error}") from None
