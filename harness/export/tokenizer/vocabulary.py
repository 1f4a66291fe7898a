"""The tokenizer in GGUF's form: tokens, their types, merges or scores, special ids."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from harness.core.errors import HarnessError
from harness.export.tokenizer.tokenizer_reading import LoadedTokenizer


class TokenKind(IntEnum):
    """``tokenizer.ggml.token_type``, numbered as llama.cpp numbers them."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


@dataclass(frozen=True, slots=True)
class GgufVocabulary:
    """The values of the ``tokenizer.`` keys."""

    model: str
    """``gpt2`` for byte-level BPE, ``llama`` for SentencePiece."""
    pre: str
    tokens: tuple[str, ...]
    kinds: tuple[int, ...]
    loaded: LoadedTokenizer
    """For its special ids and its chat template."""
    merges: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
    adds_bos: bool = False
    adds_eos: bool = False
    adds_space: bool | None = None
    undone_normalizer: str | None = None
    warnings: tuple[str, ...] = ()


def token_table(
    rules: dict[str, Any], rows: int
) -> tuple[tuple[str, ...], tuple[int, ...], list[str]]:
    """Token texts and kinds by id, one for each row of the model, and warnings."""
    texts = {index: text for text, index in rules["model"]["vocab"].items()}
    kinds = dict.fromkeys(texts, TokenKind.NORMAL)
    for added in rules.get("added_tokens", ()):
        texts[added["id"]] = added["content"]
        kinds[added["id"]] = TokenKind.CONTROL if added["special"] else TokenKind.USER_DEFINED
    beyond = sorted(index for index in texts if index >= rows)
    if beyond:
        raise HarnessError(
            f"token {beyond[0]} ({texts[beyond[0]]!r:.40}) has no row in the model's embedding of "
            f"{rows:,} rows: the tokenizer is another model's"
        )
    taken = set(texts.values())
    if len(taken) < len(texts):
        raise HarnessError("two tokens of the tokenizer have one text, which llama.cpp cannot tell")
    for index in range(rows):
        if index not in texts:
            texts[index] = filler(index, taken)
            kinds[index] = TokenKind.UNUSED
    table = range(rows)
    return (tuple(texts[i] for i in table), tuple(int(kinds[i]) for i in table), _warn_of(rules))


def filler(index: int, taken: set[str]) -> str:
    """A unique text for a row of the embedding without a token."""
    text = f"[PAD{index}]"
    while text in taken:
        text = f"[{text}]"
    return text


def _warn_of(rules: dict[str, Any]) -> list[str]:
    """Warns of added tokens that strip spaces or match whole words only: llama.cpp does neither."""
    odd = [
        added["content"]
        for added in rules.get("added_tokens", ())
        if added["lstrip"] or added["rstrip"] or added["single_word"]
    ]
    if not odd:
        return []
    more = f" and {len(odd) - 1} more" if len(odd) > 1 else ""
    return [
        f"{odd[0]!r}{more} strips blanks beside it or stands alone only, which GGUF cannot "
        "express: blanks around it become tokens"
    ]


def bos_and_eos_added(loaded: LoadedTokenizer) -> tuple[bool, bool]:
    """The settings for BOS before and EOS after a text; llama.cpp can add nothing else."""
    bos = () if loaded.bos_id is None else (loaded.bos_id,)
    eos = () if loaded.eos_id is None else (loaded.eos_id,)
    if loaded.before not in ((), bos) or loaded.after not in ((), eos):
        raise HarnessError(
            "the tokenizer puts other tokens than BOS and EOS around a text, which GGUF cannot "
            "express"
        )
    return bool(loaded.before), bool(loaded.after)
