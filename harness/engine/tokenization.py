"""What a model reads: its vocabulary's ends and beginnings, and prompts as text and token ids.

Two copies of one model (a folder and the GGUF made from it) are held against each other by these
values; which of them is right is for others to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Token:
    """One entry of a vocabulary."""

    id: int
    text: str
    """As the vocabulary writes it: ``<|im_end|>``."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a model's tokenizer says of itself."""

    size: int
    """Ids that the tokenizer knows."""
    logits: int
    """Width of a row of logits: more than ``size`` where the embeddings are padded."""
    bos: Token | None
    eos: Token | None
    pad: Token | None
    end_ids: tuple[int, ...]
    """Every id that ends an answer, sorted."""
    has_bos_added: bool
    """Whether a BOS is put before a text that no chat template rendered."""
    chat_template: str | None
    """Its Jinja source."""
    context: int | None
    """The most tokens that the model's positions reach, where it says so."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request as the model reads it."""

    key: str
    """``Request.key``."""
    text: str
    token_ids: tuple[int, ...]
    error: str | None = None
    """One line: why the conversation cannot be rendered. There are no text and no ids then."""


@dataclass(frozen=True, slots=True)
class Tokenization:
    """The vocabulary, and the prompts in the order of their requests."""

    vocabulary: Vocabulary
    prompts: tuple[Prompt, ...]
    texts: Mapping[int, str]
    """What each id decodes to: of the prompts, of the ends, and of the ids asked for besides."""
