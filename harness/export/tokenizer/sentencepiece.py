"""Converts a SentencePiece-style BPE (Llama 2, Mistral) to the scores by which llama.cpp merges.

Such a tokenizer marks spaces by ``▁`` and falls back to bytes. transformers merges by a ranked list
of pairs; llama.cpp merges any two adjacent symbols whose text is a token, the highest score first.
The two agree if the list ranks whole tokens and contains every split of each, as it does for a
converted SentencePiece model. Other lists cannot be exported.
"""

from collections.abc import Mapping
from typing import Any

from harness.core.errors import HarnessError
from harness.export.tokenizer.tokenizer_reading import LoadedTokenizer
from harness.export.tokenizer.vocabulary import (
    GgufVocabulary,
    TokenKind,
    bos_and_eos_added,
    token_table,
)

BLANK = "▁"
SHOWN = 3


def sentencepiece_vocabulary(loaded: LoadedTokenizer, rows: int) -> GgufVocabulary:
    """The vocabulary for llama.cpp's SentencePiece tokenizer.

    Raises:
        HarnessError: llama.cpp would split text in another way than the tokenizer.
    """
    model = loaded.rules["model"]
    if model["type"] != "BPE":
        raise HarnessError(
            f"a tokenizer of type {model['type']} is not exported, only byte-level BPE and "
            "SentencePiece BPE are"
        )
    adds_space, warnings = _blanks(loaded)
    tokens, kinds, odd = token_table(loaded.rules, rows)
    added = {token["content"] for token in loaded.rules.get("added_tokens", ())}
    scores = token_scores(model, added)
    adds_bos, adds_eos = bos_and_eos_added(loaded)
    return GgufVocabulary(
        model="llama",
        pre="default",
        tokens=tokens,
        kinds=tuple(_kinds(tokens, kinds, loaded.unk_id)),
        scores=tuple(scores.get(token, 0.0) for token in tokens),
        loaded=loaded,
        adds_bos=adds_bos,
        adds_eos=adds_eos,
        adds_space=adds_space,
        warnings=(*odd, *warnings),
    )


def token_scores(model: Mapping[str, Any], added: set[str]) -> dict[str, float]:
    """A score for each token: the earlier its merges come, the higher.

    Raises:
        HarnessError: merging by scores would differ from merging by the list.
    """
    merges = [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in model["merges"]]
    order: dict[str, int] = {}
    last: str | None = None
    for left, right in merges:
        token = left + right
        if token != last and token in order:
            raise HarnessError(
                f"its merges rank {token!r:.40} in two places, which scores cannot say: llama.cpp "
                "would split text otherwise"
            )
        order.setdefault(token, len(order))
        last = token
    _check_complete(set(merges), set(model["vocab"]) - added)
    for token in model["vocab"]:
        if token not in added:
            order.setdefault(token, len(order))
    return {token: -float(rank) for token, rank in order.items()}


def _check_complete(merges: set[tuple[str, ...]], vocabulary: set[str]) -> None:
    """Check that every two symbols whose text is a token are a pair of the list."""
    words = {token for token in vocabulary if not is_byte(token)}
    for token in words:
        for cut in range(1, len(token)):
            left, right = token[:cut], token[cut:]
            can_be = all(len(part) == 1 or part in words for part in (left, right))
            if can_be and (left, right) not in merges:
                raise HarnessError(
                    f"its merges do not make {token!r:.40} of {left!r:.40} and {right!r:.40}, as "
                    "llama.cpp would: it is no SentencePiece model"
                )


def is_byte(token: str) -> bool:
    """True for ``<0x0A>``."""
    return len(token) == 6 and token.startswith("<0x") and token.endswith(">")


def _kinds(tokens: tuple[str, ...], kinds: tuple[int, ...], unk_id: int | None) -> list[int]:
    found = [int(TokenKind.BYTE) if is_byte(t) else k for t, k in zip(tokens, kinds, strict=True)]
    lacking = [f"<0x{b:02X}>" for b in range(256) if f"<0x{b:02X}>" not in tokens]
    if lacking:
        raise HarnessError(
            f"its vocabulary lacks {', '.join(lacking[:SHOWN])}: llama.cpp could not write "
            "characters beyond the vocabulary"
        )
    if unk_id is not None:
        found[unk_id] = int(TokenKind.UNKNOWN)
    return found


def _blanks(loaded: LoadedTokenizer) -> tuple[bool, list[str]]:
    """The setting for a space before a text, and a warning where llama.cpp differs."""
    normalizers = _steps(loaded.rules.get("normalizer"), "normalizers")
    splits = _steps(loaded.rules.get("pre_tokenizer"), "pretokenizers")
    replaces = {"type": "Replace", "pattern": {"String": " "}, "content": BLANK}
    prepends = {"type": "Prepend", "prepend": BLANK}
    if normalizers in ([prepends, replaces], [replaces, prepends]) and not splits:
        return True, []
    if normalizers == [replaces] and _does_nothing(splits):
        return False, []
    if not normalizers and len(splits) == 1 and splits[0]["type"] == "Metaspace":
        return _metaspace(loaded, splits[0])
    raise HarnessError(
        "the tokenizer treats blanks as no SentencePiece model does, which GGUF cannot express"
    )


def _metaspace(loaded: LoadedTokenizer, step: Mapping[str, Any]) -> tuple[bool, list[str]]:
    within = [t for t in loaded.rules["model"]["vocab"] if BLANK in t[1:]]
    if step.get("replacement") != BLANK or (step.get("split", True) and within):
        raise HarnessError(
            "the tokenizer splits at blanks, which llama.cpp's SentencePiece does not"
        )
    scheme = step.get("prepend_scheme", "always")
    if scheme == "never":
        return False, []
    blank = "a text that begins with a blank gets one more blank in llama.cpp"
    if scheme == "always":
        return True, [blank]
    if loaded.chat_template:
        return False, [
            "the tokenizer puts a blank before a text that begins it, llama.cpp before none: only "
            "prompts that begin with a special token, as a chat template writes it, are the same"
        ]
    return True, [
        blank,
        "the tokenizer puts a blank before a text's beginning only, llama.cpp after each special "
        "token as well",
    ]


def _does_nothing(splits: list[Mapping[str, Any]]) -> bool:
    """True for no split, or for one at spaces, of which none are left."""
    return not splits or (len(splits) == 1 and splits[0].get("pattern") == {"String": " "})


def _steps(part: Any, name: str) -> list[Mapping[str, Any]]:
    if part is None:
        return []
    return list(part[name]) if part["type"] == "Sequence" else [part]
