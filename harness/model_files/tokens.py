"""TokenFacts: the vocabulary, special tokens and chat template of a folder or a GGUF file."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """The vocabulary, its special tokens, the chat template."""

    ids: Mapping[str, int] = field(repr=False)
    """Token ids by text, added tokens included; empty where the files do not list them."""
    special: frozenset[str] = frozenset()
    """Texts of control tokens."""
    template: str | None = None
    """The chat template's Jinja source."""
    tool_template: str | None = None
    """The source of the template for prompts with tools, where that is one of its own."""
    named_templates: tuple[str, ...] = ()
    """Names of the templates where there are several and none is called ``default``."""
    template_file: str = ""
    """The file, or the GGUF key, that holds it."""
    eos: str | None = None
    pad: str | None = None
    bos: str | None = None
    end_ids: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """The ids that end an answer, by the file that names them: ``generation_config.json``."""
    has_bos_added: bool = False
    """The tokenizer puts a BOS before every text."""
    adds_bos_where: str = ""
    pre_tokenizer: str | None = None
    """llama.cpp's name for the rules by which text is split before it becomes tokens; ``None``
    where they are others or unknown."""
    special_file: str = ""
    """The file that names EOS, PAD and BOS."""

    @property
    def least_rows(self) -> int:
        """Rows that the embeddings need at least: one more than the highest id."""
        return max(self.ids.values(), default=-1) + 1

    def text_of(self, token_id: int) -> str | None:
        return next((text for text, i in self.ids.items() if i == token_id), None)

    def is_same_vocabulary(self, other: "TokenFacts") -> bool:
        """True where both list the same tokens under the same ids."""
        return bool(self.ids) and self.ids == other.ids
