"""Writes the tokenizer of a GGUF file as transformers reads it: a byte-level BPE.

A file names its rules by llama.cpp's word for them, ``tokenizer.ggml.pre``; those that llama.cpp
applies exactly as transformers does are imported (``harness.model_files.pre_tokenizer``).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.core.errors import HarnessError
from harness.core.printable import excerpt
from harness.export.gguf.keys import GgufKeys
from harness.export.tokenizer.byte_level import UNICODE_FORMS
from harness.export.tokenizer.vocabulary import TokenKind
from harness.model_files.gguf_header import CHAT_TEMPLATE_KEY
from harness.model_files.pre_tokenizer import KNOWN, Split, split_of
from harness.model_files.provenance_keys import END_TOKEN_IDS, UNDONE_NORMALIZER

SPECIAL = {"bos": "bos", "eos": "eos", "unk": "unknown", "pad": "padding"}
"""transformers' names of special tokens, with those of ``tokenizer.ggml.NAME_token_id``."""
ENDS = ("eos", "eot", "eom")


@dataclass(frozen=True, slots=True)
class ImportedTokenizer:
    """A tokenizer's files, and the ids that the model's configurations name."""

    files: Mapping[str, str]
    """Text by file name."""
    size: int
    """Number of tokens, the unused ones included."""
    special_ids: Mapping[str, int]
    """``eos_token_id`` and its like."""
    end_ids: tuple[int, ...]
    losses: tuple[str, ...]


def imported_tokenizer(keys: GgufKeys) -> ImportedTokenizer:
    """The tokenizer and the chat template of a file.

    Raises:
        HarnessError: it is no byte-level BPE, its rules are unknown here, or its lists are damaged.
    """
    tokens, kinds = _tokens(keys)
    special = {
        name: i for name, key in SPECIAL.items() if (i := _id(keys, key, tokens)) is not None
    }
    template = keys.value(CHAT_TEMPLATE_KEY)
    files = {
        "tokenizer.json": _text(_rules(keys, tokens, kinds, special)),
        "tokenizer_config.json": _text(
            {f"{name}_token": tokens[i] for name, i in special.items()}
            | {
                "backend": "tokenizers",
                "clean_up_tokenization_spaces": False,
                "model_max_length": keys.whole("context_length"),
                "tokenizer_class": "TokenizersBackend",
            }
        ),
    }
    if isinstance(template, str):
        files["chat_template.jinja"] = template
    return ImportedTokenizer(
        files=files,
        size=len(tokens),
        special_ids={f"{name}_token_id": i for name, i in special.items() if name != "unk"},
        end_ids=_end_ids(keys, tokens),
        losses=()
        if isinstance(template, str)
        else ("it names no chat template: a prompt is the messages' contents alone",),
    )


def _tokens(keys: GgufKeys) -> tuple[list[str], list[int]]:
    model = keys.value("tokenizer.ggml.model")
    if model != "gpt2":
        raise _refuse(
            keys, f"its tokenizer is {excerpt(str(model))!r}, only a byte-level BPE (gpt2) is read"
        )
    tokens, kinds = (keys.value(f"tokenizer.ggml.{name}") for name in ("tokens", "token_type"))
    if not isinstance(tokens, list) or not all(isinstance(t, str) for t in tokens):
        raise _refuse(keys, "tokenizer.ggml.tokens is no list of texts")
    if not isinstance(kinds, list) or len(kinds) != len(tokens):
        raise _refuse(keys, f"tokenizer.ggml.token_type is no list of {len(tokens):,} types")
    if len(set(tokens)) < len(tokens):
        raise _refuse(keys, "two of its tokens have one text, which no tokenizer.json can tell")
    return tokens, kinds


def _rules(
    keys: GgufKeys, tokens: list[str], kinds: list[int], special: Mapping[str, int]
) -> dict[str, Any]:
    """The content of ``tokenizer.json``."""
    split = _split(keys)
    normalizer = keys.value(UNDONE_NORMALIZER)
    used = {text: i for i, text in enumerate(tokens) if kinds[i] != TokenKind.UNUSED}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            _added(text, i, is_special=kinds[i] != TokenKind.USER_DEFINED)
            for text, i in used.items()
            if kinds[i] != TokenKind.NORMAL
        ],
        "normalizer": {"type": normalizer} if normalizer in UNICODE_FORMS else None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [*map(_isolated, split.regexes), _byte_level()],
        },
        "post_processor": _around(keys, split, tokens, special),
        "decoder": _byte_level(),
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": split.ignores_merges,
            "vocab": used,
            "merges": _merges(keys),
        },
    }


def _split(keys: GgufKeys) -> Split:
    name = keys.value("tokenizer.ggml.pre")
    found = split_of(name) if isinstance(name, str) else None
    if found is None:
        known = ", ".join(split.name for split in KNOWN)
        told = f"is {excerpt(str(name))!r}" if name is not None else "is missing"
        raise _refuse(
            keys,
            f"tokenizer.ggml.pre {told}, whose rules are not known exactly here, known: {known}",
        )
    return found


def _merges(keys: GgufKeys) -> list[list[str]]:
    listed = keys.value("tokenizer.ggml.merges")
    if not isinstance(listed, list) or not all(isinstance(m, str) for m in listed):
        raise _refuse(keys, "tokenizer.ggml.merges is no list of texts")
    pairs = [merge.split(" ") for merge in listed]
    if wrong := next((m for m, pair in zip(listed, pairs, strict=True) if len(pair) != 2), None):
        raise _refuse(keys, f"its merge {excerpt(wrong)!r} is no pair of tokens")
    return pairs


def _added(text: str, number: int, *, is_special: bool) -> dict[str, Any]:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": number, "content": text, **flags, "special": is_special}


def _isolated(regex: str) -> dict[str, Any]:
    return {
        "type": "Split",
        "pattern": {"Regex": regex},
        "behavior": "Isolated",
        "invert": False,
    }


def _byte_level() -> dict[str, Any]:
    return {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": False,
        "use_regex": False,
    }


def _around(
    keys: GgufKeys, split: Split, tokens: list[str], special: Mapping[str, int]
) -> dict[str, Any]:
    """The post-processor: BOS before a text and EOS after it, where the file asks for them."""
    ends = [
        name
        for name, default in (("bos", split.ignores_merges), ("eos", False))
        if _flag(keys, f"tokenizer.ggml.add_{name}_token", default)
    ]
    if not ends:
        return _byte_level()
    if lacking := next((name for name in ends if name not in special), None):
        raise _refuse(keys, f"puts {lacking.upper()} around a text and names no such token")
    single: list[dict[str, Any]] = [{"Sequence": {"id": "A", "type_id": 0}}]
    marks = {name: {"SpecialToken": {"id": tokens[special[name]], "type_id": 0}} for name in ends}
    single = [*([marks["bos"]] if "bos" in marks else []), *single]
    single += [marks["eos"]] if "eos" in marks else []
    used = {tokens[special[name]]: special[name] for name in ends}
    return {
        "type": "TemplateProcessing",
        "single": single,
        "pair": [*single, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {
            text: {"id": text, "ids": [number], "tokens": [text]} for text, number in used.items()
        },
    }


def _flag(keys: GgufKeys, key: str, default: bool) -> bool:
    """A setting; llama.cpp's default for BOS is that of the rules: Llama 3's add it."""
    value = keys.value(key)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise _refuse(keys, f"{key} is {excerpt(str(value))}, expected true or false")
    return value


def _id(keys: GgufKeys, name: str, tokens: list[str]) -> int | None:
    key = f"tokenizer.ggml.{name}_token_id"
    value = keys.value(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < len(tokens):
        raise _refuse(keys, f"{key} is {excerpt(str(value))}, it has {len(tokens):,} tokens")
    return value


def _end_ids(keys: GgufKeys, tokens: list[str]) -> tuple[int, ...]:
    """The tokens that ended an answer where an export of ours was made; else EOS, EOT and EOM."""
    ends = [i for name in ENDS if (i := _id(keys, name, tokens)) is not None]
    own = keys.value(END_TOKEN_IDS)
    if isinstance(own, list) and all(isinstance(i, int) and 0 <= i < len(tokens) for i in own):
        return tuple(own)
    return tuple(dict.fromkeys(ends))


def _text(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _refuse(keys: GgufKeys, reason: str) -> HarnessError:
    return HarnessError(f"{keys.file}: {reason}")
