"""What a model's files say of its tokens, alike for a folder and for a GGUF file."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """The vocabulary, its special tokens, the chat template."""

    ids: Mapping[str, int] = field(repr=False)
    """Every token by its text, added ones included; empty where the files do not list them."""
    special: frozenset[str] = frozenset()
    """Texts of the tokens that are control signs, not words."""
    template: str | None = None
    """The chat template's Jinja source."""
    template_file: str = ""
    """Where it stands."""
    eos: str | None = None
    pad: str | None = None
    bos: str | None = None
    end_ids: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """The ids that end an answer, by the file that says so: ``generation_config.json``."""
    has_bos_added: bool = False
    """Whether the tokenizer puts a BOS before a text by itself."""
    adds_bos_where: str = ""
    special_file: str = ""
    """Where EOS, PAD and BOS are named."""

    @property
    def least_rows(self) -> int:
        """Rows that the embeddings need: one more than the highest id."""
        return max(self.ids.values(), default=-1) + 1

    def text_of(self, token_id: int) -> str | None:
        return next((text for text, i in self.ids.items() if i == token_id), None)

    def is_same_vocabulary(self, other: "TokenFacts") -> bool:
        """True where both list the same tokens under the same ids."""
        return bool(self.ids) and self.ids == other.ids
