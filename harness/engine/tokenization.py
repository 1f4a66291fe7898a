"""Values that describe how a model reads requests: special tokens, prompts as text and token ids.

Two copies of one model (a folder and the GGUF made from it) are compared by these values; callers
judge which of them is right.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.core.tool_form import ToolForm


@dataclass(frozen=True, slots=True)
class Token:
    """One entry of a vocabulary."""

    id: int
    text: str
    """As written in the vocabulary: ``<|im_end|>``."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Sizes, special tokens and chat template of a model's tokenizer."""

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
    """The tokenizer puts a BOS before a text that no chat template rendered."""
    chat_template: str | None
    """Its Jinja source."""
    context: int | None
    """The context length in tokens; ``None`` where the model does not state it."""
    pre_tokenizer: str | None = None
    """llama.cpp's name for the rules by which text is split; ``None`` where they are others."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """The rendered prompt of one request."""

    key: str
    """``Request.key``."""
    text: str
    token_ids: tuple[int, ...]
    error: str | None = None
    """One line: why the conversation cannot be rendered; text and ids are then empty."""
    tool_form: ToolForm | None = None
    """The form in which the model's template writes calls, where it is given tools."""


@dataclass(frozen=True, slots=True)
class Tokenization:
    """A model's vocabulary, and prompts in the order of their requests."""

    vocabulary: Vocabulary
    prompts: tuple[Prompt, ...]
    texts: Mapping[int, str]
    """Decoded text by token id: ids of the prompts, end ids, and further ids that were
    requested."""
