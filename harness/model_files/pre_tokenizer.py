"""Finds the pre-tokenizer of llama.cpp that splits text as a tokenizer's own rules do.

llama.cpp splits by a named set of regexes (``tokenizer.ggml.pre``; ``src/llama-vocab.cpp``). The
rules of a ``tokenizer.json`` are brought into a normal form and compared with those of each name;
other rules cannot be exported.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from harness.core.errors import HarnessError

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+"
REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
ONE_DIGIT = r"\p{N}"


@dataclass(frozen=True, slots=True)
class Split:
    """The rules of one of llama.cpp's pre-tokenizers."""

    name: str
    regexes: tuple[str, ...]
    """Regexes applied one after the other, each to the pieces of the previous one."""
    ignores_merges: bool = False
    """A word that is a token becomes that token, regardless of the merges."""


KNOWN = (
    Split("gpt-2", (GPT2,)),
    Split("smollm", (ONE_DIGIT, GPT2)),
    Split("qwen2", (f"{CONTRACTIONS}|{WORDS}|{ONE_DIGIT}|{REST}",)),
    Split("llama-bpe", (f"{CONTRACTIONS}|{WORDS}|\\p{{N}}{{1,3}}|{REST}",), ignores_merges=True),
    Split("dbrx", (f"{CONTRACTIONS}|{WORDS}|\\p{{N}}{{1,3}}|{REST}",)),
    Split("ufakzeka", (f"{WORDS}|{ONE_DIGIT}|{REST}",)),
)
"""Pre-tokenizers whose regexes llama.cpp applies exactly as transformers does. Others it only
approximates (tekken, gpt-4o): a file that names them gets other tokens for some texts."""
_SAME = {
    "llama3": "llama-bpe",
    "llama-v3": "llama-bpe",
    "falcon3": "llama-bpe",
    "pixtral": "llama-bpe",
    "phi-2": "gpt-2",
    "roberta-bpe": "gpt-2",
    "gigachat": "gpt-2",
    "deepseek-r1-qwen": "qwen2",
    "smaug-bpe": "dbrx",
}
"""Other names of llama.cpp for the rules of ``KNOWN`` (``src/llama-vocab.cpp``)."""


def known_name(rules: Any) -> str | None:
    """llama.cpp's name for the rules of a ``tokenizer.json``; ``None`` where there is none."""
    try:
        return pre_tokenizer_name(rules)
    except (HarnessError, LookupError, TypeError, AttributeError):
        return None


def one_name(name: str | None) -> str | None:
    """The name in ``KNOWN`` of a ``tokenizer.ggml.pre``; ``None`` where it is not among them."""
    found = split_of(name)
    return found.name if found else None


def split_of(name: str | None) -> Split | None:
    """The rules of a ``tokenizer.ggml.pre``; ``None`` where they are not in ``KNOWN``."""
    found = _SAME.get(name or "", name)
    return next((split for split in KNOWN if split.name == found), None)


def pre_tokenizer_name(rules: dict[str, Any]) -> str:
    """The value of ``tokenizer.ggml.pre`` for a byte-level BPE tokenizer.

    Args:
        rules: the content of its ``tokenizer.json``.

    Raises:
        HarnessError: llama.cpp has no pre-tokenizer that does the same.
    """
    regexes = _regexes(rules.get("pre_tokenizer"))
    found = [split for split in KNOWN if split.regexes == regexes]
    if not found:
        shown = " then ".join(repr(regex) for regex in regexes)
        raise HarnessError(
            f"llama.cpp has no pre-tokenizer that splits by {shown}: it cannot be expressed in GGUF"
        )
    ignores = bool(rules["model"].get("ignore_merges"))
    for split in found:
        if split.ignores_merges == ignores:
            return split.name
    raise HarnessError(
        f"its rules are those of {found[0].name}, but with ignore_merges {str(ignores).lower()}, "
        "which llama.cpp has no pre-tokenizer for"
    )


def _regexes(pre_tokenizer: Any) -> tuple[str, ...]:
    """The regexes that split text, in order, each in the normal form of ``KNOWN``."""
    regexes: list[str] = []
    is_byte_level = False
    for step in _steps(pre_tokenizer):
        if is_byte_level:
            raise _cannot(step, "a step after ByteLevel")
        if step["type"] == "Split":
            regexes.append(_split(step))
        elif step["type"] == "Digits":
            regexes.append(ONE_DIGIT if step.get("individual_digits") else r"\p{N}+")
        elif step["type"] == "ByteLevel":
            is_byte_level = True
            if step.get("add_prefix_space"):
                raise _cannot(step, "a blank put before the text")
            if step.get("use_regex", True):
                regexes.append(GPT2)
        else:
            raise _cannot(step, f"a step of type {step['type']}")
    if not is_byte_level:
        raise HarnessError(
            "its BPE works on characters and not on bytes, which GGUF cannot express"
        )
    return tuple(regexes)


def _steps(pre_tokenizer: Any) -> list[dict[str, Any]]:
    if pre_tokenizer is None:
        return []
    if pre_tokenizer["type"] == "Sequence":
        return [step for part in pre_tokenizer["pretokenizers"] for step in _steps(part)]
    return [pre_tokenizer]


def _split(step: dict[str, Any]) -> str:
    if step.get("invert") or step.get("behavior") not in ("Isolated", "Removed"):
        raise _cannot(step, f"a split of behavior {step.get('behavior')}")
    if step["behavior"] == "Removed":
        raise _cannot(step, "a split that drops text")
    pattern = step["pattern"]
    return canonical(pattern["Regex"] if "Regex" in pattern else re.escape(pattern["String"]))


def canonical(regex: str) -> str:
    r"""The regex in the normal form of ``KNOWN``, where only the notation differs.

    ``(?:'[sS]|...)`` for ``(?i:'s|...)``, ``\p{N}{1}`` for ``\p{N}``, line feeds written out.
    """
    regex = regex.replace("\r", r"\r").replace("\n", r"\n")
    regex = regex.replace(
        r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])", CONTRACTIONS
    )
    return regex.replace(r"\p{N}{1}", r"\p{N}")


def _cannot(step: dict[str, Any], what: str) -> HarnessError:
    return HarnessError(f"{what} cannot be expressed in GGUF: {json.dumps(step):.120}")
