"""Constrained decoding: the tokens that a grammar allows next, for every library that decodes.

llguidance reads the schema and computes the masks; the libraries apply them to their logits. The
state of a grammar follows from the row's own tokens, so a row has no part in those of its batch.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from harness.core.errors import HarnessError
from harness.core.grammar import Grammar
from harness.engine.row import Row

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from llguidance import LLMatcher, LLTokenizer

    Bits = npt.NDArray[np.int32]

MASK_BITS = 32
"""Tokens in one word of a mask; the lowest bit is the first token."""
_WHITE_SPACE: Any = {"whitespace_flexible": False, "item_separator": ", ?", "key_separator": ": ?"}
"""An answer is compact, but for one blank after a comma or a colon: a model cannot loop in white
space."""


def grammar_of(schema: object) -> Grammar:
    """The grammar of a JSON schema, a value of ``json.loads``.

    Raises:
        HarnessError: llguidance is not installed, or the grammar cannot express the schema.
    """
    try:
        from llguidance import LLMatcher
    except ImportError:
        raise HarnessError(
            "llguidance is not there, pip install 'slm-harness[constrained]'"
        ) from None
    if schema is False:
        raise HarnessError("the schema accepts no answer")
    text = json.dumps({} if schema is True else schema, separators=(",", ":"))
    library = f"llguidance {version('llguidance')}"
    is_wrong, found = LLMatcher.validate_grammar_with_warnings(_compiled(text))
    if is_wrong or found:
        raise HarnessError(f"no grammar can express the schema: {_named(found[0])} ({library})")
    return Grammar(text, library)


def _compiled(schema: str) -> str:
    from llguidance import LLMatcher

    return LLMatcher.grammar_from_json_schema(schema, overrides=_WHITE_SPACE)


def _named(message: str) -> str:
    """A message of llguidance on one line, with the keyword that it is about, and without the
    option of llguidance that would loosen the grammar."""
    line = " ".join(message.split()).partition(". Enable ")[0]
    return f"pattern: {line}" if line.startswith("regex parse error") else line


class Grammars:
    """The grammars of an open model's rows."""

    def __init__(self, open_tokenizer: "Callable[[], LLTokenizer]") -> None:
        """``open_tokenizer``: called for the first row that has a grammar; takes up to a second."""
        self.open_tokenizer = open_tokenizer
        self.compiled: dict[str, LLMatcher] = {}

    def masks(self, rows: Iterable[Row]) -> "TokenMasks | None":
        """The masks of rows that begin; ``None`` where all of them are decoded freely."""
        matchers = {id(row): self._matcher(row.grammar) for row in rows if row.grammar}
        return TokenMasks(matchers, self._tokenizer.vocab_size) if matchers else None

    @cached_property
    def _tokenizer(self) -> "LLTokenizer":
        return self.open_tokenizer()

    def _matcher(self, grammar: Grammar) -> "LLMatcher":
        from llguidance import LLMatcher

        if grammar.schema not in self.compiled:
            made = LLMatcher(self._tokenizer, _compiled(grammar.schema), log_level=0)
            self.compiled[grammar.schema] = made
        return self.compiled[grammar.schema].deep_copy()


class TokenMasks:
    """The tokens that the rows of a batch may take next."""

    def __init__(self, matchers: "dict[int, LLMatcher]", vocabulary: int) -> None:
        self.matchers = matchers
        """By ``id`` of the row; a row without one may take any token."""
        self.taken = dict.fromkeys(matchers, 0)
        """Tokens of each row that its matcher has seen."""
        self.words = -(-vocabulary // MASK_BITS)

    def __call__(self, rows: Sequence[Row]) -> "Bits":
        """A bit for each token, ``[rows, vocabulary / 32]``. A row that has ended may take any.

        Raises:
            RuntimeError: the vocabulary has no token that goes on, or the grammar grew too large.
        """
        import numpy as np

        bits = np.full((len(rows), self.words), -1, np.int32)
        for line, row in zip(bits, rows, strict=True):
            if row.is_open and id(row) in self.matchers:
                matcher = self._advanced(row)
                matcher.unsafe_compute_mask_ptr(line.ctypes.data, line.nbytes)
                if matcher.is_error() or not line.any():
                    reason = matcher.get_error() or "no token of the vocabulary goes on"
                    raise RuntimeError(f"constrained decoding: {' '.join(reason.split())}")
        return bits

    def _advanced(self, row: Row) -> "LLMatcher":
        """The row's matcher, after all tokens of the row."""
        matcher, taken = self.matchers[id(row)], self.taken[id(row)]
        matcher.consume_tokens(row.token_ids[taken:])
        self.taken[id(row)] = len(row.token_ids)
        return matcher
