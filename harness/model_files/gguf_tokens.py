"""The tokens of a GGUF file, from its metadata."""

from typing import Any

from harness.core.plan import sha256_of
from harness.model_files.gguf_header import CHAT_TEMPLATE_KEY, TOOL_TEMPLATE_KEY, GgufHeader
from harness.model_files.pre_tokenizer import one_name
from harness.model_files.tokens import TokenFacts

CONTROL = 3
"""llama.cpp's number for the type of control tokens."""
_ENDS = ("eos", "eot", "eom")
_PREFIX = "tokenizer."


def gguf_tokens(header: GgufHeader) -> TokenFacts:
    """The tokens by the ``tokenizer.*`` keys."""
    listed = header.metadata.get("tokenizer.ggml.tokens")
    tokens = [t for t in listed if isinstance(t, str)] if isinstance(listed, list) else []
    kinds = header.metadata.get("tokenizer.ggml.token_type")
    types: list[Any] = kinds if isinstance(kinds, list) else []
    ends = tuple(
        i for name in _ENDS if (i := header.count(f"tokenizer.ggml.{name}_token_id")) is not None
    )
    return TokenFacts(
        ids={text: i for i, text in enumerate(tokens)},
        special=frozenset(t for t, k in zip(tokens, types, strict=False) if k == CONTROL),
        template=header.text(CHAT_TEMPLATE_KEY),
        tool_template=header.text(TOOL_TEMPLATE_KEY),
        template_file=CHAT_TEMPLATE_KEY,
        eos=_special(header, tokens, "eos"),
        pad=_special(header, tokens, "padding"),
        bos=_special(header, tokens, "bos"),
        end_ids={"tokenizer.ggml": ends} if ends else {},
        has_bos_added=header.metadata.get("tokenizer.ggml.add_bos_token") is True,
        adds_bos_where="tokenizer.ggml.add_bos_token",
        special_file="tokenizer.ggml",
        pre_tokenizer=one_name(header.text("tokenizer.ggml.pre")),
    )


def gguf_tokenizer_hash(header: GgufHeader) -> str:
    """One hash over the entries that determine tokenization."""
    own = {
        key: value
        for key, value in header.metadata.items()
        if key.startswith(_PREFIX) and not key.startswith(CHAT_TEMPLATE_KEY)
    }
    return sha256_of(own)


def _special(header: GgufHeader, tokens: list[str], name: str) -> str | None:
    number = header.count(f"tokenizer.ggml.{name}_token_id")
    return None if number is None or number >= len(tokens) else tokens[number]
