"""Converts a byte-level BPE (GPT-2, Qwen, Llama 3, SmolLM) to GGUF's form."""

from typing import Any

from harness.core.errors import HarnessError
from harness.export.tokenizer.tokenizer_reading import LoadedTokenizer
from harness.export.tokenizer.vocabulary import GgufVocabulary, bos_and_eos_added, token_table
from harness.model_files.pre_tokenizer import pre_tokenizer_name

UNICODE_FORMS = ("NFC", "NFD", "NFKC", "NFKD")
NOT_IN_UTF8 = frozenset({0xC0, 0xC1, *range(0xF5, 0x100)})
"""The 13 bytes that no UTF-8 text holds (RFC 3629, section 1)."""


def byte_level_vocabulary(loaded: LoadedTokenizer, rows: int) -> GgufVocabulary:
    """The vocabulary for a model whose embedding has ``rows`` rows.

    Raises:
        HarnessError: GGUF cannot express the tokenizer, or it has more tokens than the model rows.
    """
    rules = loaded.rules
    pre = pre_tokenizer_name(rules)
    _check_bpe(rules["model"])
    tokens, kinds, warnings = token_table(rules, rows)
    if lacking := lacking_bytes(rules["model"]):
        shown = ", ".join(f"{byte:02X}" for byte in lacking)
        warnings.append(
            f"its vocabulary lacks {len(lacking)} bytes that a text can hold ({shown}): they are "
            "left out of prompts, by transformers and llama.cpp alike"
        )
    undone = undone_normalizer(rules.get("normalizer"))
    if undone:
        warnings.append(
            f"the tokenizer normalises text by {undone}, which llama.cpp does not do: text that is "
            f"not in {undone} form becomes other tokens, unless whoever runs the file normalises it"
        )
    adds_bos, adds_eos = bos_and_eos_added(loaded)
    return GgufVocabulary(
        model="gpt2",
        pre=pre,
        tokens=tokens,
        kinds=kinds,
        merges=tuple(m if isinstance(m, str) else " ".join(m) for m in rules["model"]["merges"]),
        loaded=loaded,
        adds_bos=adds_bos,
        adds_eos=adds_eos,
        undone_normalizer=undone,
        warnings=tuple(warnings),
    )


def undone_normalizer(normalizer: Any) -> str | None:
    """The normaliser's name, where it is a Unicode normalisation form.

    Raises:
        HarnessError: it changes text in another way, which no program that reads GGUF would do.
    """
    if normalizer is None:
        return None
    parts = normalizer["normalizers"] if normalizer["type"] == "Sequence" else [normalizer]
    names = [part["type"] for part in parts]
    other = [name for name in names if name not in UNICODE_FORMS]
    if other or len(names) > 1:
        raise HarnessError(
            f"the tokenizer changes text before it splits it ({', '.join(names)}), which GGUF "
            "cannot express"
        )
    return names[0] if names else None


def _check_bpe(model: dict[str, Any]) -> None:
    for name in ("continuing_subword_prefix", "end_of_word_suffix", "dropout"):
        if model.get(name):
            raise HarnessError(f"a BPE with {name} {model[name]!r} cannot be expressed in GGUF")
    if model.get("unk_token") is not None and (lacking := lacking_bytes(model)):
        raise HarnessError(
            f"its vocabulary lacks {len(lacking)} of the 256 bytes ({lacking[0]:02X}, ...), which "
            f"become {model['unk_token']!r:.40} in transformers and nothing in llama.cpp"
        )


def lacking_bytes(model: dict[str, Any]) -> list[int]:
    """Bytes that occur in UTF-8 and have no token."""
    found = (byte for char, byte in byte_characters().items() if char not in model["vocab"])
    return sorted(byte for byte in found if byte not in NOT_IN_UTF8)


def byte_characters() -> dict[str, int]:
    """The byte of each of the 256 characters that represent one, as in GPT-2's
    ``bytes_to_unicode``.

    Printable bytes represent themselves; the others are represented by characters from U+0100 on.
    """
    printing = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printing]
    characters = {chr(0x100 + n): byte for n, byte in enumerate(others)}
    return {chr(byte): byte for byte in printing} | characters
