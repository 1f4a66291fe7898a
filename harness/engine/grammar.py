"""Constrained decoding: the tokens that a grammar allows next, for every library that decodes.

llguidance reads the schema and computes the masks; the libraries apply them to their logits. The
state of a grammar follows from the row's own tokens, so a row has no part in those of its batch.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from harness.core.answer_formats import GRAMMAR_FORMATS
from harness.core.errors import HarnessError
from harness.core.extras import missing
from harness.core.grammar import Grammar
from harness.engine.csv_grammar import csv_grammar
from harness.engine.lark import WHITE_SPACE, jsonl_grammar
from harness.engine.row import Row

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from llguidance import LLMatcher, LLTokenizer

    Bits = npt.NDArray[np.int32]

MASK_BITS = 32
"""Tokens in one word of a mask; the lowest bit is the first token."""
MAX_COMPILED = 256
"""Grammars that are kept; a server's clients may send any number."""
_PLACE = re.compile(r"^(?:at )?[0-9]+\([0-9]+\): (?:failed to compile JSON schema: )?")
"""The place in a text that no person wrote, in a message of llguidance."""


def grammar_of(schema: object, form: str = "json", delimiter: str = ",") -> Grammar:
    """The grammar of answers in a format, and of a JSON schema, a value of ``json.loads``.

    ``delimiter`` is that of CSV.

    Raises:
        HarnessError: llguidance is not installed, or there is no grammar of the format, or none
            that can express the schema.
    """
    if form not in GRAMMAR_FORMATS:
        known = f"{', '.join(GRAMMAR_FORMATS[:-1])} and {GRAMMAR_FORMATS[-1]}"
        raise HarnessError(f"format: {form} has no grammar, {known} have one: decode it freely")
    try:
        from llguidance import LLMatcher
    except ImportError:
        raise missing("--decode constrained", "llguidance") from None
    if schema is False:
        raise HarnessError("the schema accepts no answer")
    grammar = Grammar.of(schema, f"llguidance {version('llguidance')}", form, delimiter)
    is_wrong, found = LLMatcher.validate_grammar_with_warnings(_compiled(grammar))
    if is_wrong or found:
        reason = f"{_named(found[0])} ({grammar.library})"
        raise HarnessError(f"no grammar can express the schema: {reason}")
    return grammar


def _compiled(grammar: Grammar) -> str:
    from llguidance import LLMatcher

    if grammar.format == "json":
        return LLMatcher.grammar_from_json_schema(grammar.schema, overrides=WHITE_SPACE)
    schema = json.loads(grammar.schema)
    is_table = grammar.format == "csv"
    lark = csv_grammar(schema, grammar.delimiter) if is_table else jsonl_grammar(schema)
    return LLMatcher.grammar_from_lark(lark)


def _named(message: str) -> str:
    """A message of llguidance on one line, with the keyword that it is about, and without the
    option of llguidance that would loosen the grammar."""
    text = _PLACE.sub("", message.partition("\n")[0] if _PLACE.match(message) else message)
    line = " ".join(text.split()).partition(". Enable ")[0]
    return f"pattern: {line}" if line.startswith("regex parse error") else line


class Grammars:
    """The grammars of an open model's rows."""

    def __init__(self, open_tokenizer: "Callable[[], LLTokenizer]") -> None:
        """``open_tokenizer``: called for the first row that has a grammar; takes up to a second."""
        self.open_tokenizer = open_tokenizer
        self.compiled: dict[Grammar, LLMatcher] = {}

    def masks(self, rows: Sequence[Row]) -> "Bits | None":
        """The tokens that rows may take next: a bit for each, ``[rows, vocabulary / 32]``; ``None``
        where the model's tokenizer has none.

        A row that has ended may take any token, and so may one that has a ``problem`` from here on,
        which ends it: its grammar leaves no token, or there is no tokenizer.
        """
        import numpy as np

        constrained = [(i, row) for i, row in enumerate(rows) if row.is_open and row.grammar]
        try:
            words = -(-self._tokenizer.vocab_size // MASK_BITS)
        except HarnessError as error:
            for _, row in constrained:
                row.problem = str(error)
            return None
        bits = np.full((len(rows), words), -1, np.int32)
        for i, row in constrained:
            assert row.grammar is not None
            row.matcher = row.matcher or _Matcher(self._begun(row.grammar))
            row.problem = row.matcher.fill(bits[i], row)
        return bits

    @cached_property
    def _tokenizer(self) -> "LLTokenizer":
        return self.open_tokenizer()

    def _begun(self, grammar: Grammar) -> "LLMatcher":
        from llguidance import LLMatcher

        if grammar not in self.compiled:
            if len(self.compiled) == MAX_COMPILED:
                del self.compiled[next(iter(self.compiled))]
            made = LLMatcher(self._tokenizer, _compiled(grammar), log_level=0)
            self.compiled[grammar] = made
        return self.compiled[grammar].deep_copy()


@dataclass
class _Matcher:
    """The state of one row's grammar."""

    matcher: "LLMatcher"
    taken: int = 0
    """Tokens of the row that it has seen."""

    def fill(self, line: Any, row: Row) -> str | None:
        """Write the bits of the tokens that may follow the row's own; returns why there are none,
        and leaves all of them where that is so."""
        self.matcher.consume_tokens(row.token_ids[self.taken :])
        self.taken = len(row.token_ids)
        self.matcher.unsafe_compute_mask_ptr(line.ctypes.data, line.nbytes)
        if not self.matcher.is_error() and line.any():
            return None
        line[:] = -1
        reason = self.matcher.get_error() or "no token of the vocabulary goes on"
        return f"constrained decoding: {' '.join(reason.split())}"
